"""A certificate of a joint activity, from the designation to the paper, read back word for word (ST-2, ST-7)."""

import hashlib

import pytest
from django.urls import reverse

from activities.domain import plan
from common import clock, pdf
from credits.documents import certificate as document
from credits.documents import statements as wording
from credits.domain import certificates
from credits.models import Certificate, CertificateFile, ClaimTotal, Designation
from tests.factories import PersonFactory
from tests.integration.claim_cases import claim, ready
from tests.integration.joint_cases import ACADEMY, HARBOR, partner
from tests.pdf import samples
from tests.pdf.reading import picture, reader, squeeze, text

pytestmark = [pytest.mark.pdf, pytest.mark.django_db]

SCHOOL = "Lakeshore University School of Medicine"
ST_2 = (
    "This activity has been planned and implemented in accordance with the accreditation requirements and policies of the Accreditation "
    "Council for Continuing Medical Education (ACCME) through the joint providership of {partners}. The Lakeshore University School of "
    "Medicine is accredited by the ACCME to provide continuing medical education for physicians."
)


def certificate_of(*names: str, is_accredited: bool = False) -> tuple[Certificate, bytes]:
    person, activity, sessions = ready(person=PersonFactory(family_name="Marchetti"))
    for name in names:
        partner(activity, name, is_accredited=is_accredited)
    joint = [j.organisation.name for j in plan.load(activity).non_accredited]
    Designation.objects.filter(activity=activity).update(ended_at=clock.now())
    row = Designation.objects.get(activity=activity)
    row.pk, row.ended_at, row.accreditation_statement = None, None, wording.accreditation(joint=joint)
    row.save(force_insert=True)
    made = Certificate.objects.get(claim=claim(person, activity, {sessions[0]: "1.00"}))
    certificates.render(made.pk)
    made.refresh_from_db()
    return made, bytes(CertificateFile.objects.get(certificate=made).content)


@pytest.mark.parametrize(
    ("names", "partners"),
    [((HARBOR,), f"{SCHOOL} and {HARBOR}"), ((HARBOR, ACADEMY), f"{SCHOOL}, {HARBOR}, and {ACADEMY}")],
)
def test_the_paper_says_st_2_word_for_word(names, partners):
    made, data = certificate_of(*names)
    assert squeeze(ST_2.format(partners=partners)) in squeeze(text(data))
    assert made.sha256 == hashlib.sha256(data).hexdigest()


def test_a_co_provided_activity_has_the_direct_statement_on_paper():
    _made, data = certificate_of(HARBOR, is_accredited=True)
    found = squeeze(text(data))
    assert squeeze(samples.ACCREDITATION) in found
    assert squeeze(HARBOR) not in found


def test_without_a_designation_the_partners_of_the_day_are_named():
    _person, activity, _sessions = ready()
    partner(activity, HARBOR)
    partner(activity, ACADEMY, is_accredited=True)
    said = document._accreditation(ClaimTotal(designation=None), activity)
    assert said == ST_2.format(partners=f"{SCHOOL} and {HARBOR}")


def test_verification_says_what_the_paper_says(client):
    made, _data = certificate_of(HARBOR, ACADEMY)
    page = client.get(reverse("credits:verify_code", args=[made.code])).content.decode()
    assert ST_2.format(partners=f"{SCHOOL}, {HARBOR}, and {ACADEMY}") in page


def test_what_was_issued_names_whom_it_named(client):
    """Law 4: the list changes, the paper and its verification do not."""
    made, data = certificate_of(HARBOR)
    row = made.claim.activity.joint_providers.get()
    row.removed_at, row.removed_by = clock.now(), "set-up"
    row.save(update_fields=["removed_at", "removed_by"])
    made.refresh_from_db()
    assert bytes(CertificateFile.objects.get(certificate=made).content) == data
    assert HARBOR in client.get(reverse("credits:verify_code", args=[made.code])).content.decode()


def test_five_partners_with_long_names_fit_on_one_page(tmp_path):
    names = [f"{HARBOR} and Regional Health Authority of the Northern Lakes, District {n}" for n in range(1, 6)]
    context = samples.physician(statements=[[samples.run(ST_2.format(partners=wording.listed([SCHOOL, *names])))]])
    data = pdf.render("pdf/certificate.html", context, title="Certificate", identifier=context["code"])
    assert len(reader(data).pages) == 1
    assert squeeze(ST_2.format(partners=wording.listed([SCHOOL, *names]))) in squeeze(text(data))
    picture(data, tmp_path, "five")
