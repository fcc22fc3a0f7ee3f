"""Which accreditation statement: mode × joint, co-provided or direct, word for word as the rulebook has it (ST-1…7)."""

import pytest

from accounts.enums import AccreditationMode
from accounts.models import AccreditationTerm
from common.models import Statement
from credits.documents import statements as wording
from tests.factories import ProviderFactory

pytestmark = pytest.mark.django_db

SCHOOL = "Lakeshore University School of Medicine"
HARBOR, ACADEMY = "Harbor Community Hospital", "State Academy of Family Physicians"
# rules.md 4.1, with the names filled in.
SENTENCES = {
    ("accme_direct", False): f"The {SCHOOL} is accredited by the Accreditation Council for Continuing Medical Education (ACCME) to provide continuing medical education for physicians.",
    ("accme_direct", True): f"This activity has been planned and implemented in accordance with the accreditation requirements and policies of the Accreditation Council for Continuing Medical Education (ACCME) through the joint providership of {SCHOOL} and {HARBOR}. The {SCHOOL} is accredited by the ACCME to provide continuing medical education for physicians.",
    ("state", False): f"The {SCHOOL} is accredited by the California Medical Association (CMA) to provide continuing medical education for physicians.",
    ("state", True): f"This activity has been planned and implemented in accordance with the accreditation requirements and policies of the California Medical Association (CMA) through the joint providership of {SCHOOL} and {HARBOR}. The {SCHOOL} is accredited by the CMA to provide continuing medical education for physicians.",
    ("joint", False): f"In support of improving patient care, {SCHOOL} is jointly accredited by the Accreditation Council for Continuing Medical Education (ACCME), the Accreditation Council for Pharmacy Education (ACPE), and the American Nurses Credentialing Center (ANCC), to provide continuing education for the healthcare team.",
    ("joint", True): f"In support of improving patient care, this activity has been planned and implemented by {SCHOOL} and {HARBOR}. {SCHOOL} is jointly accredited by the Accreditation Council for Continuing Medical Education (ACCME), the Accreditation Council for Pharmacy Education (ACPE), and the American Nurses Credentialing Center (ANCC), to provide continuing education for the healthcare team.",
}  # fmt: skip
CODES = {
    ("accme_direct", False): "ST-1", ("accme_direct", True): "ST-2", ("state", False): "ST-3", ("state", True): "ST-3-joint",
    ("joint", False): "ST-4", ("joint", True): "ST-5",
}  # fmt: skip


def accredited(mode):
    ProviderFactory()
    AccreditationTerm.objects.update(
        mode=mode, accreditor_name="California Medical Association", accreditor_short="CMA"
    )


@pytest.mark.parametrize(("mode", "joint"), CODES)
def test_one_function_chooses_the_statement(mode, joint):
    assert wording.select(mode, joint=joint) == CODES[mode, joint]


def test_every_mode_has_both_statements():
    assert {(m.value, j) for m in AccreditationMode for j in (False, True)} == set(CODES)


@pytest.mark.parametrize(("mode", "joint"), SENTENCES)
def test_the_sentence_is_the_rulebook_s(mode, joint):
    accredited(mode)
    assert wording.accreditation(joint=[HARBOR] if joint else []) == SENTENCES[mode, joint]


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        ([HARBOR], f"{SCHOOL} and {HARBOR}"),
        ([HARBOR, ACADEMY], f"{SCHOOL}, {HARBOR}, and {ACADEMY}"),
        ([HARBOR, ACADEMY, "Pinewater"], f"{SCHOOL}, {HARBOR}, {ACADEMY}, and Pinewater"),
    ],
)
def test_every_joint_provider_is_named(names, listed):
    accredited("accme_direct")
    assert f"through the joint providership of {listed}. The {SCHOOL}" in wording.accreditation(joint=names)


def test_a_name_that_ends_with_a_period_ends_the_sentence_with_one():
    accredited("accme_direct")
    found = wording.accreditation(joint=["Harbor Education, Inc."])
    assert f"of {SCHOOL} and Harbor Education, Inc. The {SCHOOL} is" in found


def test_only_the_wording_of_joint_accreditation_with_others_is_unconfirmed():
    assert set(Statement.objects.filter(code__startswith="ST-", confirmed=False).values_list("code", flat=True)) == {
        "ST-5"
    }


@pytest.mark.parametrize(("mode", "confirmed"), [("accme_direct", True), ("state", True), ("joint", False)])
def test_it_is_known_which_wording_is_confirmed(mode, confirmed):
    accredited(mode)
    assert wording.accreditation_is_confirmed(joint=True) is confirmed
    assert wording.accreditation_is_confirmed(joint=False) is True


def test_old_words_stand_in_no_statement():
    # The APA calls its own arrangement with a provider co-sponsorship (APA-1).
    text = " ".join(Statement.objects.exclude(code="APA-1").values_list("body", flat=True)).lower()
    assert "essential areas" not in text
    assert "sponsor" not in text
