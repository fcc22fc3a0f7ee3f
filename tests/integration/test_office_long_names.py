"""Names as long as the forms take them go through every act; what cannot be kept whole is cut by us, never refused by the database."""

import pytest
from django.urls import reverse

from accounts.actors import actor_of, actor_of_person
from accounts.domain import roles
from accounts.models import LinkGrant, OfficeRole, Person
from activities.domain import applications, people, reviews, sessions
from activities.models import Activity, Submission
from common.actors import LABEL_LENGTH
from common.models import AuditEvent, OutboxMessage, TransitionLog
from credits.domain import certificates, claims, designations, publishing
from integrity.domain import disclosures
from integrity.models import Disclosure, DisclosureRequest
from tests.factories import PersonFactory, UserFactory
from tests.integration.claim_cases import claim, ready
from tests.integration.planning_cases import School, Writer, complete, disclose, sign

pytestmark = pytest.mark.django_db
GIVEN, FAMILY = "Wolfeschlegel" * 15 + "stein", "Bergerdorff" * 18 + "ab"
DEGREES = "MD, PhD, MPH, MBA, MSc, FACP, FACC, FAHA, FHRS, FSCAI, FESC, FRCP, RN, BSN, MSN, DNP, CNS, CPNP, APRN"[:100]
LONG = {"given_name": GIVEN, "family_name": FAMILY, "degrees": DEGREES}


def test_the_names_are_as_long_as_they_may_be():
    assert (len(GIVEN), len(FAMILY), len(DEGREES)) == (200, 200, 100)
    assert len(PersonFactory(**LONG).name_with_degrees) == 503


def long_user(**values):
    return UserFactory(person=PersonFactory(**LONG), **values)


def test_signing_submitting_deciding_and_publishing():
    school = School()
    case = complete(school)
    director, staff = case.people.cardiologist, actor_of(long_user(roles=["staff"]))
    Person.objects.filter(pk=director.pk).update(**LONG)
    director = Person.objects.get(pk=director.pk)
    planner = actor_of(long_user(departments=[school.department]))
    disclose(case.activity)
    applications.sign_application(
        activity_id=case.activity.pk, name=director.name_with_degrees, by=actor_of_person(director)
    )
    applications.submit_application(activity_id=case.activity.pk, by=planner)
    reviews.start_review(activity_id=case.activity.pk, by=staff)
    reviews.approve(activity_id=case.activity.pk, by=staff)
    designations.designate(activity_id=case.activity.pk, by=staff)
    publishing.publish(activity_id=case.activity.pk, by=staff)
    session = case.activity.sessions.get(title="Welcome")
    sessions.cancel_session(session_id=session.pk, reason="No welcome.", told=0, by=planner)

    activity = Activity.objects.get(pk=case.activity.pk)
    assert (activity.status, activity.signed_name) == ("published", director.name_with_degrees)
    assert Submission.objects.get().submitted_by == planner.label == planner.label[:LABEL_LENGTH]
    cut = director.name_with_degrees[:LABEL_LENGTH]
    assert {row.actor_label for row in TransitionLog.objects.filter(actor_id=staff.person_id)} == {cut}
    assert AuditEvent.objects.filter(actor_label=cut, event="application_submitted").exists()
    assert {len(m.to_name) for m in OutboxMessage.objects.filter(template="application_received")} == {250}


def test_the_signature_on_the_page_takes_the_whole_name(client):
    school = School()
    case = complete(school)
    Person.objects.filter(pk=case.people.cardiologist.pk).update(**LONG)
    director = UserFactory(person=Person.objects.get(pk=case.people.cardiologist.pk))
    disclose(case.activity)
    client.force_login(director)
    name = director.person.name_with_degrees
    ticks = dict.fromkeys(("attest_independent", "attest_no_marketing", "attest_valid_content", "attest_privacy"), "on")
    answer = Writer(client, case.activity).post("sign", "sign", signed_name=name, **ticks)
    assert answer.status_code == 302
    assert Activity.objects.get(pk=case.activity.pk).signed_name == name


def test_attesting_a_disclosure_by_link(client):
    school = School()
    activity = school.draft()
    people.add_role(
        activity_id=activity.pk, email="long@lakeshore.example", profession="physician", role="planner", by=school.by, **LONG
    )  # fmt: skip
    person = Person.objects.get(family_name=FAMILY)
    token = OutboxMessage.objects.get(template="disclosure_request").text.split("/d/")[1].split("/")[0]
    data = {"action": "send", "answer": "none", "attested_name": person.name_with_degrees, "row": "1"}
    assert client.post(reverse("integrity:disclosure_by_link", args=[token]), data).status_code == 302
    assert Disclosure.objects.get().attested_name == person.name_with_degrees
    assert DisclosureRequest.objects.get().asked_by == school.by.label
    assert LinkGrant.objects.get().last_used_at is not None


def test_a_longer_signature_is_refused_at_its_field(client):
    school = School()
    activity = school.draft()
    people.add_role(
        activity_id=activity.pk, email="long@lakeshore.example", profession="physician", role="planner", by=school.by, **LONG
    )  # fmt: skip
    token = OutboxMessage.objects.get(template="disclosure_request").text.split("/d/")[1].split("/")[0]
    data = {"action": "send", "answer": "none", "attested_name": "x" * 521, "row": "1"}
    page = client.post(reverse("integrity:disclosure_by_link", args=[token]), data)
    assert (page.status_code, Disclosure.objects.count()) == (200, 0)
    assert "520" in page.content.decode()


def test_voiding_and_revoking():
    person, activity, made = ready(sessions=2, person=PersonFactory(**LONG))
    staff = actor_of(long_user(roles=["staff"]))
    first = claim(person, activity, {made[0]: "1.00"})
    certificates.supersede(certificate_id=first.certificates.get().pk, reason="Again.", by=staff)
    claims.void(claim_id=first.pk, reason="Wrong day.", by=staff)
    second = claim(person, activity, {made[1]: "1.00"})
    certificates.revoke(certificate_id=second.certificates.get().pk, reason="Wrong.", by=staff)

    first.refresh_from_db()
    assert (first.status, first.voided_by) == ("void", staff.label)
    assert second.certificates.get().ended_by == staff.label
    assert second.certificates.get().snapshot["facts"]["name"] == person.name_with_degrees  # nothing cut on the paper


def test_roles_parts_and_a_told_disclosure():
    director, staff = actor_of(long_user(roles=["director"])), actor_of(long_user(roles=["staff"]))
    role = roles.grant_role(person_id=PersonFactory(**LONG).pk, role="staff", by=director)
    roles.revoke_role(role_id=role.pk, by=director)
    assert OfficeRole.objects.get(pk=role.pk).revoked_by == director.label

    school = School()
    activity = school.draft()
    made = people.add_role(
        activity_id=activity.pk, email="long@lakeshore.example", profession="physician", role="planner", by=staff, **LONG
    )  # fmt: skip
    people.remove_part(activity_id=activity.pk, person_id=made.person_id, role="planner", by=staff)
    made.refresh_from_db()
    assert (made.added_by, made.removed_by) == (staff.label, staff.label)
    disclosures.submit(
        person_id=made.person_id, answer="none", relationships=[], attested_name=made.person.name_with_degrees, method="verbal", by=staff
    )  # fmt: skip


def test_signing_for_the_school_with_a_short_name_still_works():
    school = School()
    case = complete(school)
    disclose(case.activity)
    sign(case.activity, case.people.cardiologist)
    assert Activity.objects.get(pk=case.activity.pk).signed_name == case.people.cardiologist.full_name
