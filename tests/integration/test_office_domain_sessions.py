"""Sessions on their day (WF-6, law 3): codes follow the gate, the clock holds and ends, a move or cancellation is told."""

import datetime as dt

import pytest

from accounts.actors import actor_of, actor_of_person
from activities import tasks
from activities.domain import registrations, reviews, sessions
from activities.models import Activity, Session
from common import clock
from common.actors import system
from common.codes import ALPHABET
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, Job, OutboxMessage, TransitionLog
from tests.factories import ActivityRoleFactory, PersonFactory, SessionFactory, UserFactory
from tests.integration.office_cases import fresh, office
from tests.integration.planning_cases import disclose

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(monkeypatch):
    """Set the present."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


def session_of(made, title="Four pillars, first four weeks") -> Session:
    return Session.objects.select_related("activity").get(activity=made.activity, title=title)


def states(made) -> set[str]:
    return set(made.activity.sessions.filter(kind="education").values_list("status", flat=True))


def with_learner(made):
    learner = UserFactory().person
    registrations.register(activity_id=made.pk, by=actor_of_person(learner))
    return learner


def new_speaker(session) -> None:
    ActivityRoleFactory(
        activity=session.activity, session=session, role="speaker", person=PersonFactory(family_name="Late")
    )


# --- codes -------------------------------------------------------------------------------------------


def test_codes_are_readable_unique_and_only_of_education():
    made = office("published")
    codes = list(made.activity.sessions.exclude(check_in_code="").values_list("check_in_code", flat=True))
    assert (len(codes), len(set(codes))) == (6, 6)
    assert {len(c) for c in codes} == {6}
    assert set("".join(codes)) <= set(ALPHABET)
    assert states(made) == {"ready"}


def test_a_code_of_an_open_session_is_not_given_again(monkeypatch):
    made = office("published")
    taken = session_of(made).check_in_code
    offers = iter([taken, taken, "NEWCDE"])
    monkeypatch.setattr(sessions.codes, "make", lambda length: next(offers))
    assert sessions.new_code() == "NEWCDE"


def test_the_clock_releases_what_turned_green(at):
    """A speaker named late holds one code back, and only that one; nobody has to remember to release it."""
    made = office("designated")
    session = session_of(made)
    new_speaker(session)
    from credits.domain import publishing

    with pytest.raises(Conflict, match=r"SII-3\.4"):
        publishing.publish(activity_id=made.pk, by=made.staff)
    disclose(made.activity)
    publishing.publish(activity_id=made.pk, by=made.staff)
    other = PersonFactory(family_name="Later")
    ActivityRoleFactory(activity=made.activity, session=session, role="speaker", person=other)

    at(session.starts_at - dt.timedelta(hours=2))
    assert sessions.release_due() == 1
    session.refresh_from_db()
    assert (session.status, session.code_released_at) == ("planned", None)
    code = session.check_in_code

    disclose(made.activity)
    assert sessions.release_due() == 1
    session.refresh_from_db()
    assert (session.status, session.check_in_code, session.code_released_at is None) == ("ready", code, False)
    assert sessions.release_due() == 0


def test_far_sessions_are_not_asked_about_each_minute(at, django_assert_num_queries):
    made = office("published")
    new_speaker(session_of(made))
    with django_assert_num_queries(1):
        assert sessions.release_due() == 0
    assert states(made) == {"ready"}


# --- the clock ---------------------------------------------------------------------------------------


def test_sessions_are_held_and_the_activity_ends(at):
    made = office("published")
    last = made.activity.sessions.latest("ends_at")
    removed = SessionFactory(
        activity=made.activity,
        status="planned",
        check_in_code="",
        code_released_at=None,
        starts_at=last.ends_at + dt.timedelta(days=30),
    )
    Session.objects.filter(pk=removed.pk).update(removed_at=clock.now())
    far = SessionFactory(
        activity=made.activity,
        status="cancelled",
        check_in_code="",
        code_released_at=None,
        starts_at=last.ends_at + dt.timedelta(days=60),
    )

    at(last.ends_at + dt.timedelta(minutes=29))
    tasks.advance_by_clock()
    assert (session_of(made).status, Session.objects.get(pk=last.pk).status, fresh(made).status) == (
        "held",
        "ready",
        "published",
    )

    at(last.ends_at + dt.timedelta(minutes=61))
    tasks.advance_by_clock()
    tasks.advance_by_clock()  # safe to run twice
    assert set(made.activity.sessions.filter(removed_at=None).exclude(pk=far.pk).values_list("status", flat=True)) == {
        "held"
    }
    assert fresh(made).status == "ended"
    assert TransitionLog.objects.filter(subject_type="activities.activity", verb="end").count() == 1


def test_what_is_not_published_is_left_alone(at):
    made = office("designated")
    at(made.activity.sessions.latest("ends_at").ends_at + dt.timedelta(days=3))
    tasks.advance_by_clock()
    assert (states(made), fresh(made).status) == ({"planned"}, "designated")


def test_a_jump_of_many_sessions_is_finished_later(at, monkeypatch):
    """More sessions than one run takes: the activity may have ended meanwhile, they are held all the same."""
    made = office("published")
    at(made.activity.sessions.latest("ends_at").ends_at + dt.timedelta(days=3))
    sessions.end_due()
    assert fresh(made).status == "ended"
    assert sessions.hold_due() == made.activity.sessions.count()
    assert states(made) == {"held"}


# --- moved and cancelled -----------------------------------------------------------------------------


def test_moving_tells_everybody_once(django_capture_on_commit_callbacks):
    made = office("published")
    learner = with_learner(made)
    session = session_of(made)
    starts, ends = session.starts_at, session.ends_at
    wanted = {
        "session_id": session.pk,
        "starts_at": starts + dt.timedelta(minutes=5),
        "minutes": 55,
        "room": "Birch Hall",
        "told": 1,
        "by": made.planner,
    }

    with django_capture_on_commit_callbacks(execute=True):
        sessions.move_session(**wanted)
    with django_capture_on_commit_callbacks(execute=True):
        sessions.move_session(**wanted)  # the same again moves nothing

    session.refresh_from_db()
    assert (session.starts_at, session.ends_at, session.room, session.sequence) == (
        starts + dt.timedelta(minutes=5),
        ends,
        "Birch Hall",
        1,
    )
    news = OutboxMessage.objects.get(template="activity_moved")
    assert news.to == learner.addresses.get().value
    assert "Birch Hall" in news.text
    assert AuditEvent.objects.filter(event="session_moved").count() == 1


def test_moving_a_speaker_into_two_places_takes_the_codes_back():
    """WF-11: the moved session goes back to its gate, not the whole activity."""
    made = office("published")
    first, second = session_of(made), session_of(made, "Low pressure, bad kidneys: cases")
    sessions.move_session(session_id=second.pk, starts_at=first.starts_at, minutes=45, room="", told=0, by=made.planner)
    assert session_of(made).status == "planned"
    assert fresh(made).status == "published"

    sessions.move_session(
        session_id=second.pk, starts_at=second.starts_at, minutes=45, room="", told=0, by=made.planner
    )
    assert states(made) == {"ready"}


@pytest.mark.parametrize("act", ["move", "cancel"])
def test_others_change_no_session(act):
    made = office("published")
    session = session_of(made)
    before = AuditEvent.objects.count(), Job.objects.count(), TransitionLog.objects.count()
    for stranger in (
        made.school.outsider,
        UserFactory(),
        UserFactory(roles=["leadership"]),
        UserFactory(roles=["reviewer"]),
    ):
        with pytest.raises(NotAllowed):
            _do(act, session, actor_of(stranger))
    session.refresh_from_db()
    assert (session.status, session.sequence) == ("ready", 0)
    assert (AuditEvent.objects.count(), Job.objects.count(), TransitionLog.objects.count()) == before


def _do(act, session, by):
    if act == "move":
        return sessions.move_session(
            session_id=session.pk,
            starts_at=session.starts_at + dt.timedelta(days=1),
            minutes=60,
            room="",
            told=0,
            by=by,
        )
    return sessions.cancel_session(session_id=session.pk, reason="The speaker is ill.", told=0, by=by)


@pytest.mark.parametrize("act", ["move", "cancel"])
@pytest.mark.parametrize("state", ["held", "cancelled", "over", "removed", "draft"])
def test_what_is_over_or_not_agreed_is_not_changed(act, state, at):
    made = office("submitted" if state == "draft" else "published")
    session = session_of(made)
    if state in {"held", "cancelled"}:
        Session.objects.filter(pk=session.pk).update(status=state)
    if state == "removed":
        Session.objects.filter(pk=session.pk).update(removed_at=clock.now())
    if state == "over":
        at(session.ends_at)
    before = AuditEvent.objects.count()
    with pytest.raises(Conflict):
        _do(act, session, made.staff)
    assert (Session.objects.get(pk=session.pk).sequence, AuditEvent.objects.count()) == (0, before)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"minutes": 4}, "minutes"),
        ({"minutes": 1441}, "minutes"),
        ({"starts_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "starts_at"),
    ],
)
def test_impossible_times_are_refused(values, field):
    made = office("published")
    session = session_of(made)
    with pytest.raises(Invalid) as refused:
        sessions.move_session(
            **{
                "session_id": session.pk,
                "starts_at": session.starts_at,
                "minutes": 60,
                "room": "",
                "told": 0,
                "by": made.staff,
                **values,
            }
        )
    assert list(refused.value.fields) == [field]
    assert Session.objects.get(pk=session.pk).starts_at == session.starts_at


def test_cancelling_a_session_says_why_and_keeps_the_activity(django_capture_on_commit_callbacks):
    made = office("published")
    with_learner(made)
    session = session_of(made)
    with pytest.raises(Invalid):
        sessions.cancel_session(session_id=session.pk, reason=" ", told=0, by=made.planner)

    with django_capture_on_commit_callbacks(execute=True):
        sessions.cancel_session(session_id=session.pk, reason="The speaker is ill.", told=1, by=made.planner)

    session.refresh_from_db()
    assert (session.status, session.sequence, fresh(made).status) == ("cancelled", 1, "published")
    assert "The speaker is ill." in OutboxMessage.objects.get(template="activity_cancelled").text


def test_no_registrants_no_job():
    made = office("published")
    sessions.cancel_session(session_id=session_of(made).pk, reason="The speaker is ill.", told=0, by=made.planner)
    assert not Job.objects.filter(name="activities.jobs_learner.send_news").exists()


def test_the_system_may_act_for_a_cancelled_activity_only_through_reviews():
    made = office("published")
    reviews.cancel(activity_id=made.pk, reason="The hall is flooded.", told=0, by=made.staff)
    with pytest.raises(Conflict):
        sessions.cancel_session(
            session_id=session_of(made).pk, reason="The hall is flooded.", told=0, by=system("test")
        )
    assert Activity.objects.get(pk=made.pk).status == "cancelled"
