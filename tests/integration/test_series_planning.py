"""Planning a series: what is made, what is kept, what is refused."""

import datetime as dt

import pytest

from accounts.actors import actor_of
from activities.domain import people, sections, series
from activities.domain.series import Dates
from activities.models import ActivityRole, SeriesPlan, Session
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from tests.factories import ActivityFactory, ActivityRoleFactory, PersonFactory, SessionFactory, UserFactory
from tests.integration.claim_cases import attend
from tests.integration.planning_cases import School

pytestmark = pytest.mark.django_db

TUESDAYS = "FREQ=WEEKLY;BYDAY=TU"
THURSDAYS = "FREQ=WEEKLY;BYDAY=TH"


@pytest.fixture
def school():
    return School()


@pytest.fixture
def tuesday():
    """A Tuesday some weeks ahead that begins six without a holiday, whatever day it is."""
    day = clock.today("America/New_York") + dt.timedelta(days=30)
    day += dt.timedelta(days=(1 - day.weekday()) % 7)
    while any(holiday for _day, holiday in series.suggested(TUESDAYS, day, day + dt.timedelta(weeks=5))):
        day += dt.timedelta(weeks=1)
    return day


@pytest.fixture
def rounds(school):
    return school.draft(kind="RSS", title="Medicine Grand Rounds", starts_on=None, ends_on=None)


def dates(start, weeks=6, *, rule=TUESDAYS, at=dt.time(12), minutes=60, left_out=()):
    return Dates(rule, start, start + dt.timedelta(weeks=weeks - 1), at, minutes, frozenset(left_out))


def live(activity):
    return list(activity.sessions.filter(removed_at=None).values_list("pk", "series_on"))


def plan(activity, school, asked):
    return series.plan_series(activity_id=activity.pk, dates=asked, by=school.by)


def test_sessions_are_made_with_their_dates(school, rounds, tuesday):
    asked = dates(tuesday, left_out=[tuesday + dt.timedelta(weeks=2)])
    outcome = plan(rounds, school, asked)
    rounds.refresh_from_db()
    days = [tuesday + dt.timedelta(weeks=n) for n in (0, 1, 3, 4, 5)]
    assert [s.series_on for s in rounds.sessions.all()] == days == list(outcome.held)
    assert {(s.title, s.minutes, s.status, s.kind) for s in rounds.sessions.all()} == {
        ("Medicine Grand Rounds", 60, "planned", "education")
    }
    assert (rounds.starts_on, rounds.ends_on) == (tuesday, tuesday + dt.timedelta(weeks=5))
    stored = SeriesPlan.objects.get(activity=rounds)
    assert (stored.rule, stored.start_time, stored.minutes, stored.left_out) == (
        TUESDAYS,
        dt.time(12),
        60,
        [tuesday + dt.timedelta(weeks=2)],
    )


def test_confirming_again_changes_nothing(school, rounds, tuesday):
    plan(rounds, school, dates(tuesday))
    before, events = live(rounds), AuditEvent.objects.count()
    outcome = plan(rounds, school, dates(tuesday))
    assert (outcome.added, outcome.removed, outcome.kept) == ((), (), ())
    assert live(rounds) == before
    assert AuditEvent.objects.count() == events


def test_other_weekday_replaces_what_nobody_touched(school, rounds, tuesday):
    plan(rounds, school, dates(tuesday))
    outcome = plan(rounds, school, dates(tuesday, rule=THURSDAYS))
    assert len(outcome.removed) == 6
    assert [day for _pk, day in live(rounds)] == [tuesday + dt.timedelta(weeks=n, days=2) for n in range(5)]
    assert rounds.sessions.exclude(removed_at=None).count() == 6


def test_other_hour_moves_what_nobody_touched(school, rounds, tuesday):
    plan(rounds, school, dates(tuesday))
    plan(rounds, school, dates(tuesday, at=dt.time(7, 30), minutes=45))
    assert {
        (s.starts_at.astimezone(dt.UTC) - clock.local(s.series_on, dt.time(7, 30), rounds.zone), s.minutes)
        for s in rounds.sessions.filter(removed_at=None)
    } == {(dt.timedelta(0), 45)}


@pytest.mark.parametrize("touch", ["title", "moved", "part", "removed part", "objective", "evidence"])
def test_what_somebody_touched_is_kept(school, rounds, tuesday, touch):
    plan(rounds, school, dates(tuesday))
    session = rounds.sessions.first()
    if touch == "title":
        sections.save_slots(activity_id=rounds.pk, rows={session.pk: {"title": "Gout, revisited"}}, by=school.by)
    elif touch == "moved":
        session.starts_at += dt.timedelta(hours=1)
        session.ends_at += dt.timedelta(hours=1)
        session.save(update_fields=["starts_at", "ends_at"])
    elif touch == "part":
        ActivityRoleFactory(activity=rounds, session=session)
    elif touch == "removed part":
        ActivityRoleFactory(activity=rounds, session=session, removed_at=clock.now(), removed_by="somebody")
    elif touch == "objective":
        session.objectives.add(rounds.objectives.create(text="Choose"))
    else:
        attend(PersonFactory(), session)
    outcome = plan(rounds, school, dates(tuesday, rule=THURSDAYS))
    assert [s.pk for s in outcome.kept] == [session.pk]
    assert len(outcome.removed) == 5
    assert session.pk in {pk for pk, _day in live(rounds)}


def test_a_moved_session_stands_for_its_date(school, rounds, tuesday):
    """It is neither made anew nor moved back."""
    plan(rounds, school, dates(tuesday))
    session = rounds.sessions.first()
    Session.objects.filter(pk=session.pk).update(
        starts_at=session.starts_at + dt.timedelta(days=1), ends_at=session.ends_at + dt.timedelta(days=1)
    )
    outcome = plan(rounds, school, dates(tuesday))
    assert (outcome.added, outcome.removed, [s.pk for s in outcome.kept]) == ((), (), [session.pk])


def test_a_session_taken_out_by_hand_is_usually_left_out(school, rounds, tuesday):
    plan(rounds, school, dates(tuesday))
    sections.remove_slot(activity_id=rounds.pk, session_id=rounds.sessions.first().pk, by=school.by)
    usual = series.usual(rounds)
    assert [
        day
        for day, holiday in series.suggested(TUESDAYS, tuesday, tuesday + dt.timedelta(weeks=5))
        if usual(day, holiday) and not holiday
    ] == [tuesday]


def test_a_published_series_only_grows(school, tuesday):
    """What learners know of goes only by cancelling it, which tells them."""
    activity = ActivityFactory(kind="RSS", published=True, department=school.department)
    plan(activity, school, dates(tuesday, 3))
    before = live(activity)
    outcome = plan(activity, school, dates(tuesday + dt.timedelta(weeks=1), 4))
    assert (outcome.removed, len(outcome.added), [s.pk for s in outcome.kept]) == ((), 2, [before[0][0]])
    assert live(activity)[:3] == before


def test_a_published_series_adds_nothing_in_the_past(school):
    activity = ActivityFactory(kind="RSS", published=True, department=school.department)
    start = clock.today("America/New_York") - dt.timedelta(days=20)
    outcome = plan(activity, school, Dates("FREQ=DAILY", start, start + dt.timedelta(days=30), dt.time(12), 60))
    assert all(s.starts_at > clock.now() - dt.timedelta(minutes=5) for s in activity.sessions.all())
    assert len(outcome.held) == 31


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ends_on": dt.timedelta(days=-1)}, "ends_on"), ({"ends_on": dt.timedelta(days=367)}, "ends_on"), ({"minutes": 0}, "minutes"),
        ({"minutes": 601}, "minutes"), ({"rule": "FREQ=YEARLY"}, "weekdays"), ({"rule": ""}, "weekdays"),
    ],
)  # fmt: skip
def test_dates_that_cannot_stand_are_refused_and_nothing_is_written(school, rounds, tuesday, change, field):
    values = {
        "rule": TUESDAYS,
        "starts_on": tuesday,
        "ends_on": tuesday + dt.timedelta(weeks=5),
        "start_time": dt.time(12),
        "minutes": 60,
        **change,
    }
    if isinstance(values["ends_on"], dt.timedelta):
        values["ends_on"] = tuesday + values["ends_on"]
    with pytest.raises(Invalid) as refused:
        plan(rounds, school, Dates(**values))
    assert list(refused.value.fields) == [field]
    assert (Session.objects.count(), SeriesPlan.objects.count()) == (0, 0)


def test_twelve_months_are_the_most(school, rounds, tuesday):
    """CME-RSS-2."""
    outcome = plan(
        rounds,
        school,
        Dates("FREQ=MONTHLY;BYDAY=1TU", tuesday, tuesday.replace(year=tuesday.year + 1), dt.time(12), 60),
    )
    assert len(outcome.held) in {11, 12, 13}


def test_nothing_left_is_refused(school, rounds, tuesday):
    with pytest.raises(Invalid):
        plan(rounds, school, dates(tuesday, 1, left_out=[tuesday]))


def test_a_course_has_no_recurrence(school, tuesday):
    with pytest.raises(Conflict):
        plan(school.draft(kind="C"), school, dates(tuesday))


@pytest.mark.parametrize(
    ("status", "error"),
    [("submitted", NotAllowed), ("in_review", NotAllowed), ("rejected", Conflict), ("withdrawn", Conflict)],
)
def test_out_of_the_planners_hands(school, tuesday, status, error):
    activity = school.draft(kind="RSS", status=status)
    with pytest.raises(error):
        plan(activity, school, dates(tuesday))
    assert Session.objects.count() == 0


def test_only_planners_of_the_activity(school, rounds, tuesday):
    with pytest.raises(NotAllowed):
        series.plan_series(activity_id=rounds.pk, dates=dates(tuesday), by=actor_of(school.outsider))
    assert Session.objects.count() == 0


# --- one session ---------------------------------------------------------------------------------------


@pytest.fixture
def coming(school, settings):
    # The session's gate, without what credit asks of an activity that was never designated here.
    settings.READINESS_CHECKS = ("activities.readiness", "integrity.readiness")
    activity = ActivityFactory(kind="RSS", published=True, department=school.department)
    return SessionFactory(activity=activity, starts_at=clock.now() + dt.timedelta(hours=2))


def test_topic(school, coming):
    series.change_topic(session_id=coming.pk, title="  Gout, revisited ", by=school.by)
    coming.refresh_from_db()
    assert coming.title == "Gout, revisited"
    assert AuditEvent.objects.filter(event="session_retitled").count() == 1


def test_topic_of_an_ended_session_stays(school, coming):
    Session.objects.filter(pk=coming.pk).update(
        starts_at=clock.now() - dt.timedelta(hours=2), ends_at=clock.now() - dt.timedelta(hours=1)
    )
    with pytest.raises(Conflict):
        series.change_topic(session_id=coming.pk, title="Other", by=school.by)
    coming.refresh_from_db()
    assert coming.title != "Other"


def test_last_minute_change_of_the_speaker(school, coming):
    """The former part stays in the history; the new one is asked; the code goes back until they are cleared (WF-6)."""
    former = ActivityRoleFactory(activity=coming.activity, session=coming)
    made = series.change_speaker(
        session_id=coming.pk,
        leaving=former.pk,
        email="Noor@lakeshore.example",
        given_name="Noor",
        family_name="Aziz",
        degrees="MD",
        profession="physician",
        by=school.by,
    )
    former.refresh_from_db()
    coming.refresh_from_db()
    assert (former.removed_at is not None, former.removed_by) == (True, school.by.label)
    assert (made.person.full_name, made.session, made.role, made.removed_at) == ("Noor Aziz", coming, "speaker", None)
    assert (coming.status, coming.code_released_at) == ("planned", None)
    assert {
        e.event
        for e in AuditEvent.objects.filter(subject_id=str(coming.activity_id), subject_type="activities.activity")
    } >= {"part_added", "part_removed"}


def test_a_known_address_needs_no_name(school, coming):
    person = PersonFactory(email="noor@lakeshore.example")
    made = series.change_speaker(session_id=coming.pk, leaving=None, email="noor@lakeshore.example", by=school.by)
    assert made.person == person


def test_an_unknown_address_needs_a_name(school, coming):
    with pytest.raises(Invalid):
        series.change_speaker(session_id=coming.pk, leaving=None, email="nobody@lakeshore.example", by=school.by)
    assert ActivityRole.objects.count() == 0


def test_the_same_speaker_twice_is_refused(school, coming):
    person = PersonFactory(email="noor@lakeshore.example")
    ActivityRoleFactory(activity=coming.activity, session=coming, person=person)
    with pytest.raises(Invalid):
        series.change_speaker(session_id=coming.pk, leaving=None, email="noor@lakeshore.example", by=school.by)
    assert ActivityRole.objects.filter(session=coming).count() == 1


def test_a_part_removed_already(school, coming):
    role = ActivityRoleFactory(activity=coming.activity, session=coming)
    series.remove_speaker(session_id=coming.pk, role_id=role.pk, by=school.by)
    with pytest.raises(Conflict):
        series.remove_speaker(session_id=coming.pk, role_id=role.pk, by=school.by)
    assert people.standings(coming.activity) == {}


def test_strangers_change_nothing(coming):
    outsider = actor_of(UserFactory())
    with pytest.raises(NotAllowed):
        series.change_topic(session_id=coming.pk, title="Mine", by=outsider)
    with pytest.raises(NotAllowed):
        series.change_speaker(
            session_id=coming.pk, leaving=None, email="x@lakeshore.example", family_name="X", by=outsider
        )
    assert ActivityRole.objects.count() == 0
