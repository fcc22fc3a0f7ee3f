"""Joining two records of one person: what moves, what stays, what forbids it; credit is never doubled and never lost."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from django.db import InternalError, transaction

from accounts.domain import identities, merging, people, person_rows
from accounts.domain.merge_parts import parts
from accounts.models import (
    DepartmentMember,
    DuplicateSuggestion,
    Identity,
    IdentityLink,
    Licence,
    Person,
    PersonAddress,
    PersonMerge,
    PersonMergeItem,
    PersonNumber,
    User,
)
from activities.domain import attendance
from activities.models import ActivityRole, DisclosureDelivery, Registration
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, Job, OutboxMessage
from credits.domain import achievements, claims, transcripts
from credits.models import Certificate, Claim, ClaimLine, ClaimRequest, Designation, Presentation
from evaluations.models import Completion
from integrity.models import Disclosure
from tests.factories import (
    ActivityFactory,
    DepartmentFactory,
    OfficeRoleFactory,
    PersonFactory,
    ProviderFactory,
    SessionFactory,
)
from tests.factories.integrity import DisclosureFactory, DisclosureRequestFactory, RelationshipFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.claim_cases import attend, claim, designate, evaluate, ready
from tests.integration.people_cases import DIRECTOR, OFFICE, apart, evidence, join, link, moved, state, user, waiting

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _provider():
    ProviderFactory()


@pytest.fixture
def pair():
    """Two records of Elena: one with a claim and an account, one entered by an import."""
    kept, away = user("elena@lakeshore.example").person, user("elena@private.example").person
    return away, kept


# --- what moves ---------------------------------------------------------------------------------------


def test_everything_that_points_to_the_record_points_to_the_other(pair):
    away, kept = pair
    _p, activity, (one,) = ready(person=away)
    made = claim(away, activity, {one: "1.00"})
    RegistrationFactory(person=away)
    ActivityRole.objects.create(activity=activity, person=away, role="speaker", assumed_at=clock.now(), added_by="t")
    DisclosureFactory(person=away)
    DisclosureRequestFactory(person=away)
    DisclosureDelivery.objects.create(activity=activity, person=away, text_hash="x", channel="claim", at=clock.now())
    before = person_rows.counts([away.pk, kept.pk])

    join(away, kept)

    after = person_rows.counts([away.pk, kept.pk])
    assert after[away.pk] == {}
    assert {k: before[away.pk].get(k, 0) + before[kept.pk].get(k, 0) for k in after[kept.pk]} == after[kept.pk]
    assert Claim.objects.get(pk=made.pk).person == kept
    assert ClaimLine.objects.get(claim=made).person == kept  # a read-only table: the named exemption
    assert [row.claim_ids for row in transcripts.load(kept).rows] == [(made.pk,)]
    assert [e.session for e in attendance.of_person(kept.pk, activity)] == [one]


def test_what_was_printed_stays_as_it_was_printed(pair):
    """Law 4: certificates keep their snapshot; only whose they are changes."""
    away, kept = pair
    Person.objects.filter(pk=away.pk).update(given_name="Elena M.")
    away.refresh_from_db()
    _p, activity, (one,) = ready(person=away)
    made = claim(away, activity, {one: "1.00"})
    certificate = Certificate.objects.get(claim=made)
    join(away, kept)
    after = Certificate.objects.get(claim=made)
    assert (after.snapshot, after.code, after.number) == (certificate.snapshot, certificate.code, 1)
    assert after.snapshot["facts"]["name"].startswith("Elena M.")


def test_the_exemption_ends_with_the_statement(pair):
    """Outside of the one statement the triggers stand, in the same transaction too."""
    away, kept = pair
    _p, activity, (one,) = ready(person=away)
    made = claim(away, activity, {one: "1.00"})
    join(away, kept)
    with pytest.raises(InternalError), transaction.atomic():
        ClaimLine.objects.filter(claim=made).update(person=away)
    with pytest.raises(InternalError), transaction.atomic():
        ClaimLine.objects.filter(claim=made).update(minutes=5)


def test_the_closed_record_is_closed_and_its_addresses_open_the_other(pair, client):
    away, kept = pair
    join(away, kept)
    away.refresh_from_db()
    assert (away.merged_into, away.deactivated_at is not None) == (kept, True)
    assert people.live(away.pk) == kept
    assert set(EmailAddress.objects.values_list("email", "user__person")) == {
        ("elena@lakeshore.example", kept.pk),
        ("elena@private.example", kept.pk),
    }
    old = User.objects.get(person=away)
    assert (old.is_active, old.email) == (False, f"joined-{old.pk}@nowhere.invalid")
    main = PersonAddress.objects.get(person=kept, is_primary=True)
    assert (main.value, PersonAddress.objects.filter(person=kept).count()) == ("elena@lakeshore.example", 2)


def test_the_account_comes_along_where_the_kept_record_has_none():
    away, kept = user("elena@private.example").person, waiting("elena@lakeshore.example")
    account = away.user
    join(away, kept)
    account.refresh_from_db()
    assert (account.person, account.is_active) == (kept, True)


def test_an_address_in_both_is_kept_once_the_proved_one(pair):
    away, kept = pair
    at = clock.now()
    PersonAddress.objects.create(person=kept, kind="email", value="elena@private.example", created_at=at)
    join(away, kept)
    live = PersonAddress.objects.filter(person=kept, removed_at=None, value="elena@private.example")
    assert [row.verified_at is not None for row in live] == [True]


def test_evidence_under_every_identity_is_found_under_the_kept_record(pair):
    away, kept = pair
    session = SessionFactory()
    row = evidence("elena@private.example", session)
    link(away, "elena@private.example")
    join(away, kept)
    assert attendance.of_person(kept.pk, session.activity) == [row]
    assert attendance.of_person(away.pk, session.activity) == []
    links = IdentityLink.objects.filter(identity__value="elena@private.example").order_by("pk")
    assert [(x.person_id, x.ended_at is None) for x in links] == [(away.pk, False), (kept.pk, True)]


def test_fields_are_chosen_one_by_one(pair):
    away, kept = pair
    Person.objects.filter(pk=away.pk).update(
        given_name="Elena Rosa", family_name="Marchetti-Ruiz", degrees="MD, MPH", specialty="Cardiology", birth_month=5, birth_day=12
    )  # fmt: skip
    Person.objects.filter(pk=kept.pk).update(specialty="Internal medicine", degrees="RN", is_physician=False)
    away.refresh_from_db(), kept.refresh_from_db()
    keys = {c.key for c in merging.preview(away, kept).choices}
    assert keys == {"name", "degrees", "specialty", "email"}  # only where both say something else
    join(away, kept, name="away", degrees="away", email="away")
    kept.refresh_from_db()
    assert (kept.full_name, kept.degrees, kept.is_physician) == ("Elena Rosa Marchetti-Ruiz", "MD, MPH", True)
    assert kept.specialty == "Internal medicine"
    assert (kept.birth_month, kept.birth_day) == (5, 12)  # only the other knew it
    assert people.email_of(kept) == "elena@private.example"
    assert kept.user.email == "elena@private.example"


def test_numbers_of_a_kind_are_one_the_chosen_one(pair):
    away, kept = pair
    at = clock.now()
    for person, npi in ((away, "1234567893"), (kept, "1245319599")):
        PersonNumber.objects.create(person=person, kind="npi", value=npi, added_at=at)
        Licence.objects.create(person=person, state="CT", kind="physician", number="1.0", added_at=at)
    join(away, kept, **{"number:npi": "away"})
    assert PersonNumber.objects.get(person=kept, removed_at=None).value == "1234567893"
    assert Licence.objects.filter(person=kept, removed_at=None).count() == 1


def test_a_name_that_was_looked_at_stays_looked_at_and_another_is_asked_for(pair):
    away, kept = pair
    at = clock.now()
    Person.objects.filter(pk=kept.pk).update(name_confirmed_at=at)
    Person.objects.filter(pk=away.pk).update(degrees="MD, PhD")
    join(Person.objects.get(pk=away.pk), kept, degrees="away")
    kept.refresh_from_db()
    assert (kept.degrees, kept.name_confirmed_at) == ("MD, PhD", None)


# --- two of what one person has once ------------------------------------------------------------------


def test_of_two_places_the_better_one_stays_and_the_other_is_given_up(pair):
    away, kept = pair
    activity = ActivityFactory(published=True, capacity=2)
    seat = RegistrationFactory(activity=activity, person=away, accommodation="captions")
    queue = RegistrationFactory(activity=activity, person=kept, waiting=True, accommodation="")
    join(away, kept)
    seat.refresh_from_db(), queue.refresh_from_db()
    assert [(seat.person, seat.status), (queue.person, queue.status)] == [(kept, "registered"), (kept, "cancelled")]
    assert Job.objects.filter(name="activities.jobs_learner.offer_free_seats").count() == 1


def test_what_is_asked_for_one_place_is_kept_with_the_other(pair):
    away, kept = pair
    activity = ActivityFactory(published=True)
    RegistrationFactory(activity=activity, person=away, waiting=True, accommodation="step-free access")
    seat = RegistrationFactory(activity=activity, person=kept)
    join(away, kept)
    seat.refresh_from_db()
    assert (seat.status, seat.accommodation) == ("registered", "step-free access")


def test_a_role_held_twice_is_held_once(pair):
    away, kept = pair
    activity = ActivityFactory()
    for person in pair:
        ActivityRole.objects.create(
            activity=activity, person=person, role="speaker", assumed_at=clock.now(), added_by="t"
        )
    department = DepartmentFactory()
    for person in pair:
        DepartmentMember.objects.create(department=department, person=person, added_at=clock.now())
    join(away, kept)
    assert ActivityRole.objects.filter(person=kept, removed_at=None).count() == 1
    assert DepartmentMember.objects.filter(person=kept, removed_at=None).count() == 1
    assert ActivityRole.objects.filter(person=away).count() == 0


def test_an_evaluation_done_twice_stays_done(pair):
    away, kept = pair
    _p, activity, _s = ready(person=away)
    evaluate(kept, activity)
    assert join(away, kept)
    assert Completion.objects.filter(person=kept).count() == 1
    assert Completion.objects.filter(person=away).count() == 1


# --- credit: never twice, never lost --------------------------------------------------------------------


def both_claimed(pair):
    away, kept = pair
    _p, activity, (one,) = ready(person=away)
    attend(kept, one)
    evaluate(kept, activity)
    return claim(away, activity, {one: "1.00"}), claim(kept, activity, {one: "1.00"})


def test_a_session_claimed_by_both_forbids_it_until_one_claim_is_withdrawn(pair):
    away, kept = pair
    mine, theirs = both_claimed(pair)
    before = state(away, kept)
    with pytest.raises(Conflict, match="Both records claimed"):
        join(away, kept)
    assert (state(away, kept), PersonMerge.objects.count(), PersonMergeItem.objects.count()) == (before, 0, 0)
    assert OutboxMessage.objects.filter(template="accounts_joined").count() == 0
    objection = next(o for o in merging.preview(away, kept).objections if "Both records claimed" in o.text)
    assert objection.link == f"/admin/credits/claim/{theirs.pk}/change/"

    claims.void(claim_id=theirs.pk, reason="Claimed twice.", by=OFFICE)
    join(away, kept)
    live = ClaimLine.objects.filter(person=kept, voided_at=None)
    assert [line.claim_id for line in live] == [mine.pk]
    assert Claim.objects.filter(person=kept).count() == 2  # the withdrawn one is not lost


EACH = {"MR": {"scope": "session", "maximum": "3.00"}, "PI": {"maximum": "20.00"}}


def of_work(kind):
    """An activity with credit for each piece of work."""
    activity = ActivityFactory(published=True, kind=kind, evaluation_required=False)
    row = designate(activity, **EACH[kind])
    Designation.objects.filter(pk=row.pk).update(ended_at=clock.now())
    row.pk, row.each = None, Decimal("5.00") if kind == "PI" else row.maximum
    row.save(force_insert=True)
    return activity


def worked(activity, person, *done):
    """A claim of the last of these pieces of work that the office wrote down."""
    day = clock.local(clock.today(activity.zone) - dt.timedelta(days=1), dt.time(), activity.zone)
    for kind, label in done:
        row = achievements.record(
            activity_id=activity.pk, person_id=person.pk, kind=kind, label=label, completed_at=day, source="Letter.", by=OFFICE
        )  # fmt: skip
    return claims.claim(
        person_id=person.pk, activity_id=activity.pk, choices={}, works={row.pk: Decimal(1)}, form_key=uuid.uuid4(), disclosure_sha="", by=OFFICE
    )  # fmt: skip


STAGES = ("stage_a", ""), ("stage_b", "")
REVIEWS = ("review", "JH-1"), ("review", "JH-2")


@pytest.mark.parametrize(
    ("kind", "one", "other"), [("PI", STAGES[:1], STAGES), ("MR", REVIEWS[:1], REVIEWS[1:])], ids=["PI", "MR"]
)
def test_two_stages_or_two_reviews_are_not_the_same_work(pair, kind, one, other):
    """AMA-FMT-5, AMA-FMT-6: each is claimed by itself, so the records can be joined."""
    away, kept = pair
    activity = of_work(kind)
    worked(activity, away, *one)
    worked(activity, kept, *other)
    join(away, kept)
    assert ClaimLine.objects.filter(person=kept, voided_at=None).count() == 2


@pytest.mark.parametrize(
    ("kind", "work", "named"),
    [("PI", STAGES[0], "Stage A: assess"), ("MR", REVIEWS[0], "Manuscript review: JH-1")], ids=["PI", "MR"],
)  # fmt: skip
def test_the_same_work_claimed_by_both_forbids_it(pair, kind, work, named):
    """One review written down for both records has two units in the table, and is one."""
    away, kept = pair
    activity = of_work(kind)
    worked(activity, away, work)
    worked(activity, kept, work)
    with pytest.raises(Conflict, match=f"Both records claimed {named}"):
        join(away, kept)
    assert PersonMerge.objects.count() == 0


def test_a_session_attended_by_one_record_and_taught_by_the_other_is_claimed_once(pair):
    """AMA-FMT-1T: the family of types counts, as in the table."""
    away, kept = pair
    _p, activity, (one,) = ready(person=away)
    claim(away, activity, {one: "1.00"})
    designate(activity, scope="session", maximum="2.00", credit_type="ama_pra_1_teaching")
    taught = Presentation.objects.create(
        session=one, person=kept, minutes=60, original=True, recorded_at=clock.now(), recorded_by="test"
    )
    evaluate(kept, activity)
    claims.claim(
        person_id=kept.pk, activity_id=activity.pk, choices={}, works={-taught.pk: Decimal(1)}, form_key=uuid.uuid4(), disclosure_sha="", by=OFFICE
    )  # fmt: skip
    with pytest.raises(Conflict, match="Both records claimed"):
        join(away, kept)
    assert PersonMerge.objects.count() == 0


def test_wrong_6_parallel_sessions_claimed_by_two_records_do_not_add_up(pair):
    """AMA-CALC-4: one person is in one of two rooms; joining the records must not make an hour count twice."""
    away, kept = pair
    _p, activity, (one,) = ready(person=away)
    other = SessionFactory(activity=activity, starts_at=one.starts_at - dt.timedelta(minutes=15))
    attend(kept, other)
    evaluate(kept, activity)
    claim(away, activity, {one: "1.00"})
    claim(kept, activity, {other: "1.00"})
    with pytest.raises(Conflict, match="ran at the same time"):
        join(away, kept)
    assert PersonMerge.objects.count() == 0


def test_more_than_was_designated_forbids_it(pair):
    away, kept = pair
    _p, activity, (one, two) = ready(person=away, sessions=2, maximum="1.50")
    attend(kept, two)
    evaluate(kept, activity)
    claim(away, activity, {one: "1.00"})
    claim(kept, activity, {two: "1.00"})
    with pytest.raises(Conflict, match=r"2\.00 credits .* designated for 1\.50"):
        join(away, kept)
    assert PersonMerge.objects.count() == 0


def test_wrong_5_each_certificate_keeps_its_own_words(pair):
    """AMA-CERT-1 and -2: the physician's says awarded, the other's was designated for; a merge changes neither."""
    away, kept = pair
    Person.objects.filter(pk=away.pk).update(degrees="RN", profession="nurse", is_physician=False)
    away.refresh_from_db()
    _p, first, (one,) = ready(person=away)
    _q, second, (two,) = ready(person=kept)
    two.starts_at -= dt.timedelta(hours=3)
    two.ends_at -= dt.timedelta(hours=3)
    two.save(update_fields=["starts_at", "ends_at"])
    claim(away, first, {one: "1.00"})
    claim(kept, second, {two: "1.00"})
    words = {c.claim_id: c.snapshot for c in Certificate.objects.all()}
    assert words[Claim.objects.get(person=away).pk] != words[Claim.objects.get(person=kept).pk]
    join(away, kept)
    assert {c.claim_id: c.snapshot for c in Certificate.objects.filter(claim__person=kept)} == words
    flags = dict(Claim.objects.filter(person=kept).values_list("activity", "is_physician"))
    assert flags == {first.pk: False, second.pk: True}
    total = [t.value for t in transcripts.load(kept).totals]
    assert total == [Decimal("1.00")]  # attendance documents, it does not add


# --- who may, and what is told --------------------------------------------------------------------------


def test_nobody_joins_their_own_records_from_the_office_or_gains_a_role_by_it(pair):
    away, kept = pair
    own = merging.Actor(kind="user", label="Joan", person_id=kept.pk, roles=frozenset({"staff"}))
    learner = merging.Actor(kind="user", label="Elena", person_id=999, roles=frozenset())
    OfficeRoleFactory(person=away, role="director")
    values = {"away_id": away.pk, "kept_id": kept.pk, "choices": {}, "reason": "Same NPI."}
    for by in (own, learner, OFFICE):
        with pytest.raises(NotAllowed):
            merging.merge(**values, by=by)
    assert PersonMerge.objects.count() == 0
    assert merging.merge(**values, by=DIRECTOR).kept == kept


def test_a_merge_needs_a_reason_and_two_standing_records(pair):
    away, kept = pair
    with pytest.raises(Invalid):
        merging.merge(away_id=away.pk, kept_id=kept.pk, choices={}, reason=" ", by=OFFICE)
    join(away, kept)
    with pytest.raises(Conflict, match="was joined to another already"):
        join(away, kept)
    third = PersonFactory()
    with pytest.raises(Conflict, match="was joined to another already"):
        join(third, away)
    assert PersonMerge.objects.count() == 1


def test_both_mailboxes_are_told_and_the_record_says_who_and_why(pair):
    away, kept = pair
    row = join(away, kept)
    told = OutboxMessage.objects.filter(template="accounts_joined").values_list("to", flat=True)
    assert set(told) == {"elena@lakeshore.example", "elena@private.example"}
    events = AuditEvent.objects.filter(event__in=["people_joined", "joined_to"]).values_list(
        "event", "subject_id", "reason"
    )
    assert set(events) == {("people_joined", str(kept.pk), "Same NPI."), ("joined_to", str(away.pk), "Same NPI.")}
    assert (row.merged_by, row.how) == ("Joan Kowalczyk", "office")


def test_the_pair_is_settled_and_other_suggestions_of_the_closed_record_are_gone(pair):
    away, kept = pair
    third = PersonFactory()
    for a, b in ((away, kept), (away, third), (kept, third)):
        low, high = sorted((a.pk, b.pk))
        DuplicateSuggestion.objects.create(low_id=low, high_id=high, score=70, found_at=clock.now())
    join(away, kept)
    left = set(DuplicateSuggestion.objects.values_list("low_id", "high_id", "state"))
    assert left == {
        (*sorted((away.pk, kept.pk)), "joined"),
        (*sorted((kept.pk, third.pk)), "open"),
    }


def test_differing_disclosures_and_decisions_about_oneself_are_said_before(pair):
    away, kept = pair
    DisclosureFactory(person=kept)
    told = RelationshipFactory(disclosure=DisclosureFactory(person=away))
    from tests.factories.integrity import RelevanceDecisionFactory

    RelevanceDecisionFactory(relationship=told, decided_by=kept)
    remarks = " ".join(merging.preview(away, kept).remarks)
    assert "newest disclosures differ" in remarks
    assert "One record decided about relationships of the other" in remarks
    join(away, kept)
    assert Disclosure.objects.filter(person=kept).count() == 2


# --- strays ---------------------------------------------------------------------------------------------


def test_what_an_open_page_wrote_a_moment_too_late_is_gathered_and_goes_back_too(pair):
    away, kept = pair
    row = join(away, kept)
    late = RegistrationFactory(person=away)
    assert merging.with_strays() == [row.pk]
    assert merging.gather_strays(merge_id=row.pk) == 1
    assert merging.gather_strays(merge_id=row.pk) == 0
    assert merging.with_strays() == []
    late.refresh_from_db()
    assert late.person == kept
    apart(row)
    late.refresh_from_db()
    assert late.person == away


def test_strays_of_a_chain_go_to_the_last(pair):
    away, kept = pair
    last = PersonFactory()
    row = join(away, kept)
    join(kept, last)
    late = RegistrationFactory(person=away)
    merging.gather_strays(merge_id=row.pk)
    late.refresh_from_db()
    assert late.person == last


# --- the machinery ----------------------------------------------------------------------------------------


def test_every_name_of_a_part_is_a_table():
    from django.apps import apps

    labels = {m._meta.label for m in apps.get_models()}
    named = {label for part in parts() for label in (*part.names, *part.duplicates, *part.restored)}
    assert named - labels == set()


def test_no_foreign_key_to_a_person_is_forgotten():
    """A new table takes part by itself; histories and what has rules of its own do not."""
    found = {(c.label, c.field) for c in person_rows.columns()}
    assert {("credits.Claim", "person"), ("credits.ClaimLine", "person"), ("integrity.Disclosure", "person")} <= found
    assert not any(label.endswith("Event") for label, _field in found)
    assert not {label for label, _f in found} & person_rows.OWN_RULES


def test_a_person_without_an_address_of_their_own_has_an_identity_of_their_own():
    """An address that was given out again must not put check-ins into the record of who had it before."""
    old, new = PersonFactory(), PersonFactory()
    link(old, "ward3@lakeshore.example")
    PersonAddress.objects.filter(person=new).update(value="ward3@lakeshore.example")
    with transaction.atomic():
        row = identities.of_person(new)
    assert row.value == f"person-{new.pk}@nowhere.invalid"
    assert IdentityLink.objects.get(identity=row, ended_at=None).person == new
    assert Identity.objects.filter(value="ward3@lakeshore.example").count() == 1


def test_moved_cells_are_all_noted(pair):
    away, kept = pair
    RegistrationFactory(person=away)
    row = join(away, kept)
    assert {("activities.Registration", "person_id"), ("accounts.PersonAddress", "person_id")} <= moved(row)
    assert Registration.objects.filter(person=kept).count() == 1


def test_a_late_claim_granted_to_the_closed_record_can_be_made_by_the_other(pair):
    """Also while the kept record waits for an answer of its own: of the grants for a session the longest counts."""
    away, kept = pair
    _p, activity, (one,) = ready(person=away, ago=dt.timedelta(days=60))
    at = clock.now()
    for person, granted in ((away, 5), (kept, 2), (kept, None)):
        decided = {"status": "granted", "decided_at": at, "decided_by": "the office", "granted_until": at + dt.timedelta(days=granted)} if granted else {}  # fmt: skip
        ClaimRequest.objects.create(
            person=person, session=one, is_late=True, needs_attendance=False, asked_at=at, **decided
        )
    join(away, kept)
    made = claim(kept, activity, {one: "1.00"})
    assert made.totals.get().credits == Decimal("1.00")
