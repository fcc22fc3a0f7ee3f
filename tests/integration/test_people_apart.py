"""Taking joined records apart: exactly what moved goes back, from wherever it is; what changed since stays and is said."""

import pytest

from accounts.domain import identities, merging
from accounts.models import DuplicateSuggestion, Person, PersonAddress, PersonMerge
from activities.domain import attendance, registrations
from activities.models import ActivityRole, Registration
from common import clock
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.models import Job, OutboxMessage
from credits.models import Claim
from tests.factories import ActivityFactory, PersonFactory, ProviderFactory, SessionFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.claim_cases import claim, ready
from tests.integration.people_cases import OFFICE, apart, evidence, join, link, state, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _provider():
    ProviderFactory()


def furnished(email: str) -> Person:
    """Somebody with an account, an identity, a claim and a role."""
    person = user(email).person
    link(person, email)
    _p, activity, (one,) = ready(person=person)
    claim(person, activity, {one: "1.00"})
    # At another time than everybody else's, so that nobody is in two rooms at once.
    ActivityRole.objects.create(activity=activity, person=person, role="speaker", assumed_at=clock.now(), added_by="t")
    return person


@pytest.fixture
def three():
    """A with a record to speak of, B and C with accounts and registrations."""
    a = furnished("a@x.example")
    b, c = user("b@x.example").person, user("c@x.example").person
    for person in (b, c):
        link(person, person.user.email)
        RegistrationFactory(person=person)
    return a, b, c


def test_undone_at_once_everything_is_as_it_was(three):
    a, b, _c = three
    before = state(a, b)
    row = join(a, b)
    assert state(a, b) != before
    apart(row)
    assert state(a, b) == before
    row.refresh_from_db()
    assert (row.undo_remarks, row.undone_by, row.undo_reason) == ([], "Joan Kowalczyk", "Two people after all.")


def test_chosen_fields_and_main_address_go_back(three):
    a, b, _c = three
    Person.objects.filter(pk=a.pk).update(family_name="Ruiz", degrees="MD, MPH")
    a.refresh_from_db()
    before = state(a, b)
    apart(join(a, b, name="away", degrees="away", email="away"))
    assert state(a, b) == before


def test_a_chain_undone_in_the_middle_gives_back_what_the_first_merge_took(three):
    """A → B, B → C, then A → B is undone: A has its rows again from C, B's stay with C."""
    a, b, c = three
    before_a = state(a)
    first = join(a, b)
    second = join(b, c)
    assert Claim.objects.get().person == c
    apart(first)
    assert state(a) == before_a
    assert Registration.objects.filter(person=c).count() == 2
    b.refresh_from_db()
    assert b.merged_into == c
    assert Claim.objects.filter(person=c).count() == 0
    # And the second undone afterwards gives B what was B's, and takes nothing from A.
    apart(second)
    assert state(a) == before_a
    assert [Registration.objects.filter(person=p).count() for p in (a, b, c)] == [0, 1, 1]


def test_a_chain_undone_from_its_end_is_as_it_was(three):
    a, b, c = three
    before = state(a, b, c)
    first, second = join(a, b), join(b, c)
    apart(second)
    apart(first)
    assert state(a, b, c) == before


def test_a_row_that_a_later_merge_ended_lives_again_when_it_goes_home(three):
    """A's role moved to B; B was joined to C, who held it too, so it was ended: that reason is gone with A."""
    a, b, c = three
    role = ActivityRole.objects.get(person=a)
    ActivityRole.objects.create(activity=role.activity, person=c, role="speaker", assumed_at=clock.now(), added_by="t")
    first = join(a, b)
    join(b, c)
    role.refresh_from_db()
    assert role.removed_at is not None
    apart(first)
    role.refresh_from_db()
    assert (role.person, role.removed_at, role.removed_by) == (a, None, "")


def test_what_went_to_somebody_else_since_stays_and_is_said(three):
    a, b, c = three
    place = RegistrationFactory(person=a)
    row = join(a, b)
    Registration.objects.filter(pk=place.pk).update(person=c)
    apart(row)
    place.refresh_from_db()
    row.refresh_from_db()
    assert place.person == c
    assert row.undo_remarks == ["One record went to somebody else since and stays there."]


def test_a_field_changed_since_stays(three):
    a, b, _c = three
    Person.objects.filter(pk=a.pk).update(family_name="Ruiz")
    a.refresh_from_db()
    row = join(a, b, name="away")
    Person.objects.filter(pk=b.pk).update(family_name="Ruiz-Lopez")
    apart(row)
    b.refresh_from_db()
    assert b.family_name == "Ruiz-Lopez"


def test_credit_claimed_since_with_evidence_that_goes_back_is_said_and_stands():
    a, b = user("a@x.example").person, user("b@x.example").person
    _p, activity, (one,) = ready(person=b)
    # The evidence is A's: under A's identity only.
    from activities.models import AttendanceEvidence
    from tests.integration.claim_cases import attend

    other = SessionFactory(activity=activity, starts_at=one.starts_at - (one.ends_at - one.starts_at) * 3)
    attend(a, other)
    row = join(a, b)
    made = claim(b, activity, {other: "1.00"})
    apart(row)
    row.refresh_from_db()
    assert len(row.undo_remarks) == 1
    assert "The claim stands; look at it." in row.undo_remarks[0]
    assert Claim.objects.get(pk=made.pk).status == "live"
    assert AttendanceEvidence.objects.filter(session=other).count() == 1
    assert attendance.of_person(b.pk, activity)[0].session == one


def test_evidence_written_under_their_address_meanwhile_goes_with_the_address(three):
    a, b, _c = three
    row = join(a, b)
    session = SessionFactory()
    late = evidence("a@x.example", session)
    assert attendance.of_person(b.pk, session.activity) == [late]
    apart(row)
    assert attendance.of_person(a.pk, session.activity) == [late]
    assert attendance.of_person(b.pk, session.activity) == []


def test_a_place_given_up_is_taken_again_if_one_is_free():
    a, b = PersonFactory(), PersonFactory()
    activity = ActivityFactory(published=True, capacity=2)
    for person in (a, b):
        RegistrationFactory(activity=activity, person=person)
    row = join(a, b)
    assert Registration.objects.exclude(status="cancelled").count() == 1
    apart(row)
    job = Job.objects.get(name="activities.jobs_learner.restore_place")
    registrations.restore_place(registration_id=job.args[0])
    registrations.restore_place(registration_id=job.args[0])
    live = Registration.objects.exclude(status="cancelled").order_by("person_id")
    assert [(r.person_id, r.status) for r in live] == [(a.pk, "registered"), (b.pk, "registered")]


def test_a_place_given_up_and_taken_by_somebody_else_becomes_a_place_in_the_queue():
    a, b = PersonFactory(), PersonFactory()
    activity = ActivityFactory(published=True, capacity=2)
    SessionFactory(activity=activity, starts_at=clock.now() + (clock.now() - clock.now().replace(hour=0)) + 1 * _day())
    for person in (a, b):
        RegistrationFactory(activity=activity, person=person)
    row = join(a, b)
    RegistrationFactory(activity=activity)
    apart(row)
    registrations.restore_place(registration_id=Job.objects.get(name="activities.jobs_learner.restore_place").args[0])
    assert Registration.objects.exclude(status="cancelled").get(person=a).status == "waiting"


def _day():
    import datetime as dt

    return dt.timedelta(days=1)


def test_undone_twice_or_without_a_reason_or_by_a_learner_is_refused(three):
    a, b, _c = three
    row = join(a, b)
    with pytest.raises(Invalid):
        merging.undo(merge_id=row.pk, reason="", by=OFFICE)
    with pytest.raises(NotAllowed):
        merging.undo(merge_id=row.pk, reason="x", by=Actor(kind="user", label="L", person_id=b.pk))
    apart(row)
    with pytest.raises(Conflict, match="undone already"):
        apart(row)
    assert PersonMerge.objects.filter(undone_at=None).count() == 0


def test_joined_again_after_it_was_undone(three):
    a, b, _c = three
    apart(join(a, b))
    before = state(a, b)
    again = join(a, b)
    apart(again)
    assert state(a, b) == before
    assert PersonMerge.objects.count() == 2


def test_the_two_are_remembered_as_two_people_and_both_are_told(three):
    a, b, _c = three
    low, high = sorted((a.pk, b.pk))
    DuplicateSuggestion.objects.create(low_id=low, high_id=high, score=80, found_at=clock.now())
    row = join(a, b)
    OutboxMessage.objects.all().delete()
    apart(row)
    assert DuplicateSuggestion.objects.get().state == "dismissed"
    told = OutboxMessage.objects.filter(template="accounts_joined").values_list("to", flat=True)
    assert set(told) == {"a@x.example", "b@x.example"}


def test_an_address_added_by_both_after_the_merge_is_not_taken_back(three):
    a, b, _c = three
    row = join(a, b)
    PersonAddress.objects.create(
        person=b, kind="email", value="new@x.example", verified_at=clock.now(), created_at=clock.now()
    )
    apart(row)
    assert PersonAddress.objects.get(value="new@x.example").person == b
    assert identities.owner(kind="email", value="a@x.example") == a
