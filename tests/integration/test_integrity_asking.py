"""Asking for disclosures, the links that are sent, and what comes back (SII-3.0, 3.1)."""

import datetime as dt
import re

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.http import Http404

from accounts.actors import actor_of, actor_of_link
from accounts.domain import links
from accounts.domain.links import LinkGone
from accounts.models import LinkGrant
from common import clock
from common.actors import system
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, OutboxMessage
from integrity.domain import disclosures
from integrity.domain.disclosures import Declared
from integrity.models import Company, Disclosure, DisclosureRequest, Relationship
from tests.factories.accounts import DepartmentFactory, PersonFactory, UserFactory
from tests.factories.activities import ActivityFactory, ActivityRoleFactory
from tests.factories.integrity import CompanyFactory, DisclosureFactory, DisclosureRequestFactory, RelationshipFactory

pytestmark = pytest.mark.django_db
BY = system("test")


def ask(role):
    with transaction.atomic(durable=True):
        disclosures.ask_for_role(role=role, by=BY)


def token_of(message):
    return re.search(r"/d/([\w-]+)/", message.text)[1]


def send(person, answer="none", relationships=(), *, name="E. Marchetti", method="link", by=None):
    by = by or actor_of_link(LinkGrant(person=person, pk=None))
    return disclosures.submit(
        person_id=person.pk, answer=answer, relationships=relationships, attested_name=name, method=method, by=by
    )


# --- asking ----------------------------------------------------------------------------------------


def test_ask_for_role_sends_one_link_per_activity_and_person():
    role = ActivityRoleFactory(role="planner")
    second = ActivityRoleFactory(activity=role.activity, person=role.person, role="speaker")

    ask(role)
    ask(second)

    request = DisclosureRequest.objects.get()
    grant = LinkGrant.objects.get()
    message = OutboxMessage.objects.get()
    assert (request.activity, request.person, request.asked_by, request.reminded_at) == (
        role.activity,
        role.person,
        "test",
        None,
    )
    assert (grant.person, grant.purpose, grant.object_type, grant.object_id) == (
        role.person,
        "disclosure",
        "activities.activity",
        role.activity.pk,
    )
    assert message.to == role.person.addresses.get().value
    assert links.resolve(token_of(message), "disclosure") == grant
    assert grant.token_hash not in message.text
    assert [e.event for e in AuditEvent.objects.all()] == ["disclosure_asked"]


def test_ask_for_role_leaves_people_alone_who_control_no_content():
    ask(ActivityRoleFactory(role="coordinator", controls_content=False))

    assert (DisclosureRequest.objects.count(), OutboxMessage.objects.count(), LinkGrant.objects.count()) == (0, 0, 0)


def test_ask_for_role_asks_whether_it_is_still_true_when_there_is_an_earlier_one():
    role = ActivityRoleFactory()
    DisclosureFactory(person=role.person)

    ask(role)

    assert OutboxMessage.objects.get().subject == f"Is your disclosure still true? {role.activity.title}"


def test_ask_for_role_without_an_address_asks_without_a_link():
    role = ActivityRoleFactory()
    role.person.addresses.update(removed_at=clock.now())

    ask(role)

    assert (DisclosureRequest.objects.count(), LinkGrant.objects.count(), OutboxMessage.objects.count()) == (1, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_ask_for_role_refuses_to_work_outside_a_transaction():
    role = ActivityRoleFactory()

    with pytest.raises(RuntimeError):
        disclosures.ask_for_role(role=role, by=BY)


def remind(request, by):
    return disclosures.remind(activity_id=request.activity_id, person_id=request.person_id, by=by)


@pytest.fixture
def asked():
    request = DisclosureRequestFactory()
    ActivityRoleFactory(activity=request.activity, person=request.person)
    return request


@pytest.fixture
def planner(asked):
    return actor_of(UserFactory(departments=[asked.activity.department]))


def test_remind_sends_a_fresh_link_and_notes_when(asked, planner):
    found = remind(asked, planner)

    assert found.reminded_at is not None
    message = OutboxMessage.objects.get()
    assert message.template == "disclosure_reminder"
    assert links.resolve(token_of(message), "disclosure").person == asked.person


def test_remind_is_sent_once_a_day(asked, planner):
    remind(asked, planner)

    with pytest.raises(Conflict, match="less than a day ago"):
        remind(asked, planner)

    assert OutboxMessage.objects.count() == 1


def test_remind_refuses_when_the_answer_is_there(asked, planner):
    DisclosureFactory(person=asked.person)

    with pytest.raises(Conflict, match="has answered already"):
        remind(asked, planner)

    assert OutboxMessage.objects.count() == 0


def test_remind_refuses_others_and_people_who_left(asked, planner):
    stranger = actor_of(UserFactory(departments=[DepartmentFactory()]))
    with pytest.raises(NotAllowed):
        remind(asked, stranger)
    asked.activity.roles.update(removed_at=clock.now(), removed_by="x")
    with pytest.raises(Conflict):
        remind(asked, planner)

    assert OutboxMessage.objects.count() == 0


# --- answering -------------------------------------------------------------------------------------


def test_submit_none_keeps_the_explicit_sentence_and_the_definition_shown():
    person = PersonFactory()

    found = send(person)

    assert (found.answer, found.method, found.attested_name) == ("none", "link", "E. Marchetti")
    assert (
        found.statement
        == "In the past 24 months, I have not had any financial relationships with any ineligible companies."
    )
    assert found.definition_shown == "SII-E-1 of 2022-01-01, 24 months"
    event = AuditEvent.objects.get()
    assert (event.event, event.subject_id, event.new) == (
        "disclosure_submitted",
        str(found.pk),
        {"answer": "none", "relationships": 0},
    )


def test_submit_finds_companies_by_name_whatever_the_case_and_makes_the_others_undetermined():
    known = CompanyFactory(name="Corvane Therapeutics")
    person = PersonFactory()

    found = send(
        person,
        "some",
        [Declared("corvane  THERAPEUTICS", "consultant"), Declared("Tarn Medical Devices", "stock", traded="private")],
    )

    assert [(r.company.name, r.company.eligibility, r.nature, r.traded) for r in found.relationships.all()] == [
        ("Corvane Therapeutics", "ineligible", "consultant", ""),
        ("Tarn Medical Devices", "undetermined", "stock", "private"),
    ]
    assert found.relationships.first().company == known


def test_wrong_1_everything_is_asked_for_24_months_any_amount_and_kept():
    """No threshold, no topic, no shorter window: the wording says so, and nothing that is declared is dropped."""
    words = disclosures.wording()
    declared = [
        Declared(f"Company {n}", nature, ended=ended)
        for n, (nature, ended) in enumerate([("consultant", False), ("researcher", True), ("other", False)])
    ]

    found = send(PersonFactory(), "some", declared)

    assert words.months == 24
    assert "24 months" in words.none
    assert words.some == (
        "These are all the financial relationships I have had with ineligible companies in the past 24 months, of any amount, "
        "whether or not I think them relevant to the education."
    )
    assert found.statement == words.some
    assert found.relationships.count() == 3
    fields = {f.name for f in Relationship._meta.get_fields()}
    assert not fields & {"amount", "value", "relevant", "dollars"}


@pytest.mark.parametrize(("answer", "rows", "name"), [
    ("some", [], "E. Marchetti"), ("none", [Declared("Corvane", "consultant")], "E. Marchetti"), ("none", [], "  "), ("maybe", [], "E. Marchetti"),
    ("some", [Declared("Corvanex®", "consultant")], "E. Marchetti"), ("some", [Declared("Corvane", "friend")], "E. Marchetti"),
    ("some", [Declared("Corvane", "stock")], "E. Marchetti"), ("some", [Declared("  ", "consultant")], "E. Marchetti"),
])  # fmt: skip
def test_submit_refuses_what_is_missing_or_contradicts_itself(answer, rows, name):
    with pytest.raises(Invalid):
        send(PersonFactory(), answer, rows, name=name)

    assert (
        Disclosure.objects.count(),
        Relationship.objects.count(),
        Company.objects.count(),
        AuditEvent.objects.count(),
    ) == (0, 0, 0, 0)


def test_submit_is_for_oneself_or_told_to_the_office():
    person = PersonFactory()
    office = actor_of(UserFactory(roles=["staff"]))

    with pytest.raises(NotAllowed):
        send(person, by=actor_of(UserFactory()), method="web")
    with pytest.raises(NotAllowed):
        send(person, by=office, method="web")
    with pytest.raises(NotAllowed):
        send(person, method="verbal")
    assert Disclosure.objects.count() == 0

    assert send(person, by=office, method="verbal").method == "verbal"


def test_disclosures_cannot_be_rewritten():
    row = RelationshipFactory()

    writes = (
        lambda: Disclosure.objects.update(answer="none"),
        lambda: Disclosure.objects.filter(pk=DisclosureFactory().pk)._raw_delete("default"),
        lambda: Relationship.objects.filter(pk=row.pk).update(ended=True),
        lambda: Relationship.objects.filter(pk=row.pk)._raw_delete("default"),
    )
    for write in writes:
        with pytest.raises(InternalError, match="Cannot update or delete"), transaction.atomic():
            write()


def test_database_refuses_marks_in_company_names():
    with pytest.raises(IntegrityError, match="company_name_plain"), transaction.atomic():
        CompanyFactory(name="Corvanex®")


def test_still_asked_leaves_out_what_ended_before_the_look_back():
    disclosure = DisclosureFactory(some=True)
    old = f"{clock.now() - dt.timedelta(days=800):%B %Y}"
    fresh = f"{clock.now() - dt.timedelta(days=300):%B %Y}"
    rows = [
        RelationshipFactory(disclosure=disclosure),
        RelationshipFactory(disclosure=disclosure, ended=True, ended_on=old),
        RelationshipFactory(disclosure=disclosure, ended=True, ended_on=fresh),
        RelationshipFactory(disclosure=disclosure, ended=True),
    ]

    assert disclosures.still_asked(disclosure) == [rows[0], rows[2], rows[3]]


# --- links -----------------------------------------------------------------------------------------


def make_link(person=None, days=30, purpose="disclosure"):
    with transaction.atomic(durable=True):
        return links.make(person=person or PersonFactory(), purpose=purpose, obj=ActivityFactory(), by=BY, days=days)


def test_link_has_256_random_bits_and_only_its_hash_is_kept():
    grant, token = make_link()
    _other, second = make_link()

    assert (len(token), token != second) == (43, True)
    assert token not in {str(v) for v in LinkGrant.objects.filter(pk=grant.pk).values().get().values()}
    assert links.resolve(token, "disclosure") == grant


@pytest.mark.parametrize(
    "change", [lambda t: t + "x", lambda t: t[:-1], lambda t: t.swapcase(), lambda t: "", lambda t: "..%2f"]
)
def test_link_unknown_is_404(change):
    _grant, token = make_link()

    with pytest.raises(Http404):
        links.resolve(change(token), "disclosure")


def test_link_of_another_purpose_or_of_a_deactivated_person_is_404():
    grant, token = make_link()
    with pytest.raises(Http404):
        links.resolve(token, "review")
    grant.person.deactivated_at = clock.now()
    grant.person.save(update_fields=["deactivated_at"])
    with pytest.raises(Http404):
        links.resolve(token, "disclosure")


def test_link_expired_or_revoked_is_gone_and_says_whose_it_was():
    grant, token = make_link(days=0)
    with pytest.raises(LinkGone) as gone:
        links.resolve(token, "disclosure")
    assert (gone.value.status, gone.value.grant) == (410, grant)

    live, token = make_link()
    first = links.revoke(grant_id=live.pk, by=BY).revoked_at
    assert links.revoke(grant_id=live.pk, by=BY).revoked_at == first
    with pytest.raises(LinkGone):
        links.resolve(token, "disclosure")
    assert [e.event for e in AuditEvent.objects.all()] == ["link_revoked"]


def test_renew_link_goes_to_the_address_on_file_and_at_most_three_times_an_hour(asked):
    grant, _token = make_link(asked.person, days=0)
    LinkGrant.objects.filter(pk=grant.pk).update(object_id=asked.activity_id)

    for _n in range(3):
        disclosures.renew_link(grant_id=grant.pk, by=actor_of_link(grant))
    with pytest.raises(Conflict):
        disclosures.renew_link(grant_id=grant.pk, by=actor_of_link(grant))

    assert {m.to for m in OutboxMessage.objects.all()} == {asked.person.addresses.get().value}
    assert OutboxMessage.objects.count() == 3


def test_renew_link_refuses_people_who_left(asked):
    grant, _token = make_link(asked.person, days=0)

    with pytest.raises(Conflict):
        disclosures.renew_link(grant_id=grant.pk, by=actor_of_link(grant))

    assert OutboxMessage.objects.count() == 0
