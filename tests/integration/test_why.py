""" "Why don't I have this credit?" and late claims as a policy: every verdict, every button, both ways of asking."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.actors import actor_of, actor_of_person
from accounts.domain import identities
from activities.domain import attendance
from activities.models import AttendanceEvidence, WalkIn
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import OutboxMessage
from credits.domain import overview, requests, why
from credits.enums import RequestStatus
from credits.models import ClaimRequest
from tests.factories import ActivityRoleFactory, PersonFactory, SessionFactory, UserFactory
from tests.integration.claim_cases import attend, claim, evaluate, ready

pytestmark = pytest.mark.django_db


def seen(person, session):
    return why.diagnose(person, session).answer.code


def states(person, session):
    return [check.state for check in why.diagnose(person, session).checks]


def ask(person, session, note=""):
    return requests.ask(person_id=person.pk, session_id=session.pk, note=note, by=actor_of_person(person))


def past(activity, days):
    """A session of an hour that ended so many days ago."""
    return SessionFactory(activity=activity, starts_at=clock.now() - dt.timedelta(days=days, hours=1))


def staff():
    return actor_of(UserFactory(roles=["staff"]))


def coordinator(activity):
    return ActivityRoleFactory(activity=activity, role="coordinator", controls_content=False).person


@pytest.fixture
def case():
    """An attendee with a claim to make, the activity, its one session."""
    person, activity, (session,) = ready()
    return person, activity, session


# --- verdicts ------------------------------------------------------------------------------------------


def test_claimable_points_to_the_claim(case):
    person, activity, session = case
    answer = why.diagnose(person, session).answer
    assert (answer.code, answer.url) == ("claimable", reverse("credits:claim", args=[activity.number]))
    assert states(person, session) == ["ok", "ok", "ok", "ok", "ok"]


def test_claimed_points_to_the_certificate(case):
    person, activity, session = case
    made = claim(person, activity, {session: "1.00"})
    answer = why.diagnose(person, session).answer
    assert (answer.code, answer.url) == ("claimed", reverse("credits:claimed", args=[made.pk]))


def test_evaluation_missing():
    person, activity, (session,) = ready(evaluated=False)
    answer = why.diagnose(person, session).answer
    assert (answer.code, answer.url) == ("evaluation", reverse("evaluations:evaluation_answer", args=[activity.number]))
    assert states(person, session) == ["ok", "ok", "ok", "warn", "ok"]


def test_no_evidence_says_where_we_looked(case):
    _person, _activity, session = case
    other = PersonFactory()
    found = why.diagnose(other, session)
    assert (found.answer.code, found.answer.act) == ("no_evidence", "ask_attendance")
    emails = other.addresses.filter(kind="email").count()
    assert f"Looked for {emails} e-mail address" in found.checks[2].detail
    assert "0 phones" in found.checks[2].detail
    assert [c.state for c in found.checks] == ["ok", "ok", "warn", "idle", "ok"]


def test_a_namesake_with_another_address_is_offered_masked(case):
    person, _activity, session = case
    twin = PersonFactory(given_name=person.given_name, family_name=person.family_name)
    address = person.addresses.get(kind="email").value
    answer = why.diagnose(twin, session).answer
    assert answer.code == "other_account"
    assert answer.fact == why.masked(address)
    assert address not in answer.fact


def test_a_name_on_the_list_that_nobody_owns(case):
    _person, _activity, session = case
    with transaction.atomic():
        row = identities.identity(kind="name", value="Okafor, Ngozi A.")
    at = clock.now()
    AttendanceEvidence.objects.create(
        session=session, identity=row, method="roster", at=at, recorded_by="list", recorded_at=at
    )
    answer = why.diagnose(PersonFactory(given_name="Ngozi", family_name="Okafor"), session).answer
    assert (answer.code, answer.fact) == ("waiting_name", "Okafor, Ngozi A.")
    assert seen(PersonFactory(given_name="Bola", family_name="Okafor"), session) == "no_evidence"


@pytest.mark.parametrize(
    ("kind", "value", "name", "shown"),
    [
        ("email", "rc.home@gull.example", "Castellanos, Ruth", "r…@g….example"), ("phone", "+12025557719", "Ruth Castellanos", "phone ending 7719"),
        ("email", "rc.home@gull.example", "Paul Castellanos", ""), ("email", "rc.home@gull.example", "Ruth Castell", ""),
    ],
)  # fmt: skip
def test_an_address_of_nobody_that_came_with_the_name_is_offered_masked(case, kind, value, name, shown):
    """A row of the door or of a list under an address or phone that nobody has proved."""
    _person, _activity, session = case
    person = PersonFactory(given_name="Ruth", family_name="Castellanos")
    with transaction.atomic():
        identity = identities.identity(kind=kind, value=value)
        row = AttendanceEvidence.objects.create(
            session=session,
            identity=identity,
            method="roster",
            at=clock.now(),
            recorded_by="t",
            recorded_at=clock.now(),
        )
        WalkIn.objects.create(evidence=row, name=name)
    answer = why.diagnose(person, session).answer
    assert (answer.code, answer.fact) == (("other_account", shown) if shown else ("no_evidence", ""))


def test_not_open_yet():
    person, activity, _sessions = ready()
    later = SessionFactory(activity=activity, starts_at=clock.now() + dt.timedelta(hours=2))
    assert seen(person, later) == "not_yet"


def test_cancelled_session(case):
    person, activity, _session = case
    gone = past(activity, 1)
    type(gone).objects.filter(pk=gone.pk).update(status="cancelled")
    gone.refresh_from_db()
    assert seen(person, gone) == "cancelled"


def test_nothing_designated(case):
    person, activity, session = case
    activity.designations.update(ended_at=clock.now())
    assert seen(person, session) == "not_designated"
    assert states(person, session)[0] == "warn"


def test_the_answer_costs_the_same_however_many_sessions(case, django_assert_max_num_queries):
    person, activity, session = case
    with django_assert_max_num_queries(40) as first:
        why.diagnose(person, session)
    for days in range(1, 6):
        attend(person, past(activity, days))
    with django_assert_max_num_queries(len(first)):
        why.diagnose(person, session)


# --- late claims ---------------------------------------------------------------------------------------


def test_late_with_evidence_is_granted_at_once_and_can_be_claimed(case):
    person, activity, _session = case
    late = past(activity, 40)
    attend(person, late)
    assert seen(person, late) == "closed"
    row = ask(person, late)
    assert (row.status, row.is_late, row.needs_attendance) == ("granted", True, False)
    assert row.granted_until <= clock.now() + dt.timedelta(days=14)
    assert seen(person, late) == "claimable"
    made = claim(person, activity, {late: "1.00"})
    assert [line.session_id for line in made.lines.all()] == [late.pk]


def test_a_late_claim_that_was_granted_stands_on_the_first_page(case):
    person, activity, _session = case
    late = past(activity, 40)
    attend(person, late)
    before = [(row.activity, row.sessions) for row in overview.to_claim(person)]
    ask(person, late)
    (row,) = overview.to_claim(person)
    assert (before, row.sessions) == ([(activity, 1)], 2)


def test_in_the_grace_the_page_says_until_when_it_is_still_taken(case):
    person, activity, _session = case
    grace = past(activity, 31)
    attend(person, grace)
    answer = why.diagnose(person, grace).answer
    assert answer.code == "claimable"
    assert "it is still taken until" in answer.text


def test_the_allowance_of_the_year_is_three_then_the_office_decides(case):
    person, activity, _session = case
    rows = []
    for days in range(40, 44):
        late = past(activity, days)
        attend(person, late)
        rows.append(ask(person, late))
    assert [row.status for row in rows] == ["granted", "granted", "granted", "asked"]
    assert seen(person, rows[-1].session) == "asked"
    done = requests.grant(request_id=rows[-1].pk, reason="Parental leave", by=staff())
    assert (done.status, done.decision_reason) == ("granted", "Parental leave")
    assert seen(person, rows[-1].session) == "claimable"


def test_only_the_office_grants_beyond_the_allowance(case):
    person, activity, _session = case
    for days in range(40, 44):
        late = past(activity, days)
        attend(person, late)
        row = ask(person, late)
    with pytest.raises(NotAllowed):
        requests.grant(request_id=row.pk, reason="Because", by=actor_of_person(coordinator(activity)))
    with pytest.raises(Invalid):
        requests.grant(request_id=row.pk, reason=" ", by=staff())
    row.refresh_from_db()
    assert row.status == "asked"


def test_nothing_is_granted_after_the_year(case):
    person, activity, _session = case
    old = past(activity, 380)
    attend(person, old)
    assert seen(person, old) == "final"
    with pytest.raises(Conflict, match="final on"):
        ask(person, old)
    assert not ClaimRequest.objects.exists()


def test_what_can_be_claimed_is_not_asked_for(case):
    person, _activity, session = case
    with pytest.raises(Conflict):
        ask(person, session)
    assert not ClaimRequest.objects.exists()


def test_asking_twice_is_one_request(case):
    _person, _activity, session = case
    other = PersonFactory()
    assert ask(other, session, "I sat in the back").pk == ask(other, session).pk
    assert ClaimRequest.objects.get().note == "I sat in the back"


# --- attendance that is confirmed ----------------------------------------------------------------------


def test_confirmed_attendance_can_be_claimed_and_says_who_confirmed(case):
    _person, activity, session = case
    other, who = PersonFactory(), coordinator(activity)
    row = ask(other, session, "Third row")
    assert seen(other, session) == "asked"
    (done,) = requests.confirm(activity_id=activity.pk, request_ids=[row.pk], by=actor_of_person(who))
    assert (done.status, done.is_late) == ("granted", False)
    evidence = AttendanceEvidence.objects.get(session=session, method="staff")
    assert "Third row" in evidence.reason
    assert OutboxMessage.objects.filter(template="claim_request_decided").count() == 1
    evaluate(other, activity)
    assert seen(other, session) == "claimable"


def test_late_attendance_beyond_the_allowance_stays_for_the_office(case):
    person, activity, _session = case
    for days in range(40, 43):
        late = past(activity, days)
        attend(person, late)
        ask(person, late)
    row = ask(person, past(activity, 45))
    (done,) = requests.confirm(activity_id=activity.pk, request_ids=[row.pk], by=actor_of_person(coordinator(activity)))
    assert (done.status, done.needs_attendance, done.is_late) == ("asked", False, True)


def test_what_came_on_record_since_stands_as_it_is(case):
    """A report of 20 minutes that arrives before the coordinator confirms is not made a whole session by confirming."""
    _person, activity, session = case
    other, marked, by = PersonFactory(), PersonFactory(), actor_of_person(coordinator(activity))
    rows = [ask(other, session), ask(marked, session)]
    attend(other, session, method="webinar", minutes=20)
    attend(marked, session, method="staff")
    assert [row.on_record for row in requests.open_for(activity)] == [True, True]
    done = requests.confirm(activity_id=activity.pk, request_ids=[r.pk for r in rows], by=by, told=2)
    assert [(r.status, r.needs_attendance) for r in done] == [("granted", False)] * 2
    assert list(AttendanceEvidence.objects.of(other).values_list("method", "minutes")) == [("webinar", 20)]
    assert AttendanceEvidence.objects.of(marked).count() == 1


def test_a_mark_that_was_taken_back_is_followed_by_the_confirmation(case):
    _person, activity, session = case
    other, by = PersonFactory(), actor_of_person(coordinator(activity))
    wrong = attend(other, session, method="staff")
    attendance.correct(evidence_id=wrong.pk, minutes=None, withdrawn=True, reason="Wrong row", by=by)
    row = ask(other, session)
    requests.confirm(activity_id=activity.pk, request_ids=[row.pk], by=by)
    (stands,) = AttendanceEvidence.objects.of(other).standing()
    assert (stands.method, stands.withdrawn, stands.supersedes.supersedes) == ("staff", False, wrong)


def test_the_office_grants_where_the_record_came_after_the_request(case):
    _person, activity, _session = case
    other, late = PersonFactory(), past(activity, 40)
    row = ask(other, late)
    with pytest.raises(Conflict, match="Nothing on record"):
        requests.grant(request_id=row.pk, reason="Called us", by=staff())
    attend(other, late)
    done = requests.grant(request_id=row.pk, reason="Called us", by=staff())
    assert (done.status, done.needs_attendance, done.is_late) == ("granted", False, True)


def test_a_grant_whose_time_ran_out_can_be_asked_for_again(case):
    """Confirmed in time and then missed: the button that the page offers leads somewhere."""
    _person, activity, session = case
    first = ask(PersonFactory(), session).person
    row = ClaimRequest.objects.get(person=first)
    requests.confirm(activity_id=activity.pk, request_ids=[row.pk], by=actor_of_person(coordinator(activity)))
    clock.move(dt.timedelta(days=35))
    try:
        assert seen(first, session) == "closed"
        again = ask(first, session)
    finally:
        clock.move(dt.timedelta())
        clock.forget()
    assert (again.pk != row.pk, again.status, again.is_late) == (True, "granted", True)


def test_a_year_that_is_over_stops_nobody_who_is_in_time(case, monkeypatch):
    """A session on June 25, today July 5, claims until July 25: the year of the session ended, the time to claim did not."""
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2026, 7, 5, 15, tzinfo=dt.UTC))
    _person, activity, _session = case
    before = SessionFactory(activity=activity, starts_at=dt.datetime(2026, 6, 25, 15, tzinfo=dt.UTC))
    other = PersonFactory()
    assert requests.policy(other.pk, before, activity.zone).closes_at <= clock.now()
    assert seen(other, before) == "no_evidence"
    assert ask(other, before).status == "asked"


def test_an_evening_session_counts_in_the_year_of_its_own_day(case):
    """June 30, 8 pm in New York is July 1 in UTC."""
    _person, activity, _session = case
    evening = SessionFactory(activity=activity, starts_at=dt.datetime(2026, 7, 1, 0, tzinfo=dt.UTC))
    person = PersonFactory()
    ClaimRequest.objects.create(
        person=person, session=evening, is_late=True, needs_attendance=False, asked_at=clock.now(), status="granted", decided_at=clock.now(),
        decided_by="x", granted_until=clock.now(),
    )  # fmt: skip
    assert requests.policy(person.pk, evening, "America/New_York").used == 1


def test_nobody_confirms_their_own_attendance(case):
    _person, activity, session = case
    who = coordinator(activity)
    row = ask(who, session)
    with pytest.raises(NotAllowed, match="their own"):
        requests.confirm(activity_id=activity.pk, request_ids=[row.pk], by=actor_of_person(who))
    assert not AttendanceEvidence.objects.filter(method="staff").exists()


def test_a_refusal_says_why_and_can_be_asked_again(case):
    _person, activity, session = case
    other, by = PersonFactory(), actor_of_person(coordinator(activity))
    row = ask(other, session)
    with pytest.raises(Invalid):
        requests.refuse(activity_id=activity.pk, request_ids=[row.pk], reason="", by=by)
    requests.refuse(activity_id=activity.pk, request_ids=[row.pk], reason="Not on the signed sheet.", by=by)
    answer = why.diagnose(other, session).answer
    assert (answer.code, answer.text) == ("refused", "Not on the signed sheet.")
    assert (answer.act, answer.label) == ("ask_attendance", "Ask again")
    assert ask(other, session).pk != row.pk


def test_requests_of_another_activity_are_not_decided_here(case):
    _person, _activity, session = case
    row = ask(PersonFactory(), session)
    _p, elsewhere, _s = ready()
    with pytest.raises(Conflict):
        requests.confirm(activity_id=elsewhere.pk, request_ids=[row.pk], by=actor_of_person(coordinator(elsewhere)))
    row.refresh_from_db()
    assert row.status == RequestStatus.ASKED


def test_one_mail_a_day_to_whoever_runs_it(case):
    _person, activity, session = case
    coordinator(activity)
    ask(PersonFactory(), session)
    ask(PersonFactory(), session)
    assert OutboxMessage.objects.filter(template="claim_request_asked").count() == 1


def test_the_database_keeps_one_live_request(case):
    person, _activity, session = case
    row = {"person": person, "session": session, "is_late": False, "needs_attendance": True, "asked_at": clock.now()}
    ClaimRequest.objects.create(**row)
    with pytest.raises(IntegrityError, match="claim_request_once"), transaction.atomic():
        ClaimRequest.objects.create(**row)
    with pytest.raises(IntegrityError, match="claim_request_decided_coherent"), transaction.atomic():
        ClaimRequest.objects.filter(person=person).update(status="granted")


# --- pages ---------------------------------------------------------------------------------------------


def test_two_taps_from_the_list_to_the_claim(client, case):
    person, activity, _session = case
    late = past(activity, 40)
    attend(person, late)
    client.force_login(UserFactory(person=person))
    assert reverse("credits:why_session", args=[late.pk]) in client.get(reverse("credits:why")).content.decode()
    page = client.get(reverse("credits:why_session", args=[late.pk]))
    assert "Claim it late" in page.content.decode()
    answer = client.post(reverse("credits:why_session", args=[late.pk]))
    assert (answer.status_code, answer["Location"]) == (302, reverse("credits:claim", args=[activity.number]))


def test_the_coordinator_confirms_many_and_sees_the_learners_page(client, case):
    _person, activity, session = case
    who = coordinator(activity)
    people = [PersonFactory() for _ in range(3)]
    rows = [ask(p, session) for p in people]
    client.force_login(UserFactory(person=who))
    address = reverse("credits:claim_requests", args=[activity.number])
    assert "3 requests wait" in client.get(address).content.decode()
    assert (
        client.get(reverse("credits:why_of_person", args=[activity.number, session.pk, people[0].pk])).status_code
        == 200
    )
    client.post(address, {"action": "confirm", "requests": [rows[0].pk, rows[1].pk], "told": "2"})
    assert AttendanceEvidence.objects.filter(method="staff").count() == 2
    refused = client.post(address, {"action": "refuse", "requests": [rows[2].pk], "reason": ""})
    assert "Say why" in refused.content.decode()
    assert ClaimRequest.objects.get(pk=rows[2].pk).status == "asked"


@pytest.mark.parametrize("items", [1, 3])
def test_the_coordinator_finds_whose_credit_is_missing(client, case, items, django_assert_num_queries):
    person, activity, session = case
    claim(person, activity, {session: "1.00"})
    without = [PersonFactory(given_name="Nora", family_name=f"Without {n}") for n in range(items)]
    for one in without:
        attend(one, session)
    client.force_login(UserFactory(person=coordinator(activity)))
    address = reverse("credits:why_people", args=[activity.number, session.pk])
    client.get(address)
    with django_assert_num_queries(6):
        page = client.get(address)
    assert list(page.context["people"]) == without
    assert "On the record of this session" in page.text
    assert reverse("credits:why_of_person", args=[activity.number, session.pk, without[0].pk]) in page.text
    assert [p.pk for p in client.get(address, {"q": person.family_name}).context["people"]] == [person.pk]
    assert list(client.get(address, {"q": "Somebody else"}).context["people"]) == []
    assert address in client.get(reverse("activities:session_attendance", args=[activity.number, session.pk])).text


def test_the_office_looks_up_anybody_and_any_session(client, case):
    person, activity, session = case
    stranger = PersonFactory(family_name="Stranger")
    address = reverse("credits:why_of_anybody", args=[stranger.pk])
    client.force_login(UserFactory(person=coordinator(activity)))
    assert client.get(address).status_code == 403
    client.force_login(UserFactory(roles=["staff"]))
    assert list(client.get(address).context["sessions"]) == []
    found = client.get(address, {"q": activity.title})
    of_one = reverse("credits:why_of_person", args=[activity.number, session.pk, stranger.pk])
    assert of_one in found.text
    page = client.get(of_one)
    assert ("This is what" in page.text, "Mark present" in page.text) == (True, True)
    made = claim(person, activity, {session: "1.00"})
    page = client.get(reverse("credits:why_of_person", args=[activity.number, session.pk, person.pk]))
    assert reverse("admin:credits_claim_change", args=[made.pk]) in page.text


def test_strangers_see_neither_the_list_nor_the_person(client, case):
    person, activity, session = case
    client.force_login(UserFactory(person=PersonFactory()))
    assert client.get(reverse("credits:claim_requests", args=[activity.number])).status_code == 404
    assert (
        client.get(reverse("credits:why_of_person", args=[activity.number, session.pk, person.pk])).status_code == 404
    )


def test_a_coordinator_cannot_look_up_people_from_elsewhere(client, case):
    _person, activity, session = case
    client.force_login(UserFactory(person=coordinator(activity)))
    away = PersonFactory()
    assert client.get(reverse("credits:why_of_person", args=[activity.number, session.pk, away.pk])).status_code == 404
