"""Codes that change on the room's screen: a scan counts for as long as signing in takes, a photograph of it does not."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from activities.domain import attendance, changing
from activities.models import AttendanceEvidence, Registration, Session
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from tests.factories import ActivityFactory, ProviderFactory, SessionFactory, UserFactory
from tests.integration.planning_cases import School

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 17, 17, 0, tzinfo=dt.UTC)
SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)


@pytest.fixture
def at(monkeypatch):
    """Sets the present; noon of a Tuesday to begin with."""

    def move(moment):
        monkeypatch.setattr(clock, "now", lambda: moment)
        return moment

    move(NOON)
    return move


@pytest.fixture
def user(at, client):
    ProviderFactory()
    user = UserFactory()
    client.force_login(user)
    return user


def running(**more):
    return SessionFactory(
        starts_at=NOON - 5 * MINUTE, ends_at=NOON + 55 * MINUTE, check_in_by=more.pop("check_in_by", "changing"), **more
    )


def scan(session):
    return reverse("credits:check_in_by_screen", args=[changing.shown(session).token])


def nothing_written():
    return (AttendanceEvidence.objects.count(), Registration.objects.count()) == (0, 0)


def test_a_scan_and_one_press_check_in(user, client):
    session = running()
    page = client.get(scan(session))
    assert page.status_code == 200
    assert nothing_written()  # decision 17: opening is not an act
    done = client.post(scan(session), {"disclosure": page.context["disclosure"].sha256})
    assert done.url == reverse("credits:checked_in", args=[session.pk])
    row = AttendanceEvidence.objects.get()
    assert (row.method, row.source, row.identity.value) == ("qr", "changing code", user.email)


@pytest.mark.parametrize("seconds", [-30, -1, 0, 1, 29, 30, 59])
def test_servers_and_scans_may_be_a_step_apart(seconds, user, at, client):
    """The screen was drawn by a server whose clock is ahead or behind, or the scan came as it changed."""
    session = running()
    url = scan(session)
    at(NOON + seconds * SECOND)
    assert client.get(url).status_code == 200
    assert client.post(url).status_code == 302
    assert AttendanceEvidence.objects.count() == 1


@pytest.mark.parametrize("seconds", [60, 120, 3000])
def test_a_photograph_says_what_to_do(seconds, user, at, client):
    session = running()
    url = scan(session)
    at(NOON + seconds * SECOND)
    page = client.get(url)
    assert page.status_code == 409
    assert "This code has changed since it was on the screen" in page.content.decode()
    assert "Scan the one that is there now" in page.content.decode()
    client.post(url)
    assert nothing_written()


def test_a_code_from_the_future_is_refused(user, at, client):
    session = running()
    at(NOON + 61 * SECOND)
    url = scan(session)
    at(NOON)
    assert client.get(url).status_code == 409
    assert nothing_written()


def test_signing_in_after_the_scan_takes_the_time_it_takes(at):
    """Who scans first and signs in then keeps the scan for a quarter of an hour, in this browser only."""
    ProviderFactory()
    session, visitor, user = running(), Client(), UserFactory()
    url = scan(session)
    answer = visitor.get(url)
    assert answer.url.startswith(reverse("accounts:sign_in"))
    at(NOON + 5 * MINUTE)
    visitor.force_login(user)
    assert visitor.get(url).status_code == 200
    other = Client()
    other.force_login(UserFactory())
    assert other.get(url).status_code == 409
    assert other.post(url).status_code == 302  # back to the page that says why
    assert nothing_written()
    at(NOON + 14 * MINUTE)
    assert visitor.post(url).url == reverse("credits:checked_in", args=[session.pk])


def test_a_scan_does_not_last_for_ever(user, at, client):
    session = running()
    url = scan(session)
    client.get(url)
    at(NOON + 16 * MINUTE)
    assert client.get(url).status_code == 409
    client.post(url)
    assert nothing_written()


def test_a_browser_remembers_a_few_scans_only(user, client):
    sessions = [running() for _ in range(6)]
    for session in sessions:
        client.get(scan(session))
    assert set(client.session["scans"]) <= {str(s.pk) for s in sessions}
    assert len(client.session["scans"]) == 5
    assert str(sessions[-1].pk) in client.session["scans"]


def test_a_made_up_token_counts_as_a_wrong_code(user, client):
    session = running()
    head, step, mac = changing.shown(session).token.split("-")
    forged = [f"{session.pk}-{int(step)}-{'A' * 12}", f"{session.pk + 1}-{step}-{mac}", f"{head}-{step}", "x", "१-१-A"]
    forged += [f"{head}-{int(step) + 1}-{mac}", f"{head}-{step}-{mac}2", f"0{head}-{step}-{mac}"]
    for token in forged:
        page = client.get(reverse("credits:check_in_by_screen", args=[token]))
        assert page.status_code == 400, token
    for _ in range(10 - len(forged)):
        client.get(reverse("credits:check_in_by_screen", args=["x"]))
    assert client.get(scan(session)).status_code == 409
    assert nothing_written()


def test_the_typed_code_changes_too(user, at, client):
    session = running()
    code = changing.shown(session).code
    at(NOON + 75 * SECOND)
    page = client.post(reverse("credits:check_in"), {"code": code})
    assert "This code has changed. Type the one that is on the screen now." in page.content.decode()
    assert nothing_written()
    done = client.post(reverse("credits:check_in"), {"code": changing.shown(session).code.lower()})
    assert done.url == reverse("credits:checked_in", args=[session.pk])
    assert AttendanceEvidence.objects.get().source == "changing code"


def test_late_texts_are_given_more_steps(user, at):
    session = running()
    code = changing.shown(session).code
    at(NOON + 119 * SECOND)
    with pytest.raises(Invalid, match="has changed"):
        attendance.session_of_code(typed=code, person_id=user.person_id)
    assert attendance.session_of_code(typed=code, person_id=user.person_id, late=4) == session


def test_each_session_and_step_has_its_own_code(user, at):
    one, two = running(), running()
    seen = set()
    for n in range(20):
        at(NOON + n * 30 * SECOND)
        seen |= {changing.shown(s).code for s in (one, two)} | {changing.shown(s).token for s in (one, two)}
    assert len(seen) == 80


def test_the_code_of_paper_is_no_code_while_it_changes(user, client):
    session = running()
    page = client.post(reverse("credits:check_in"), {"code": session.check_in_code})
    assert "The code of this session changes" in page.content.decode()
    assert client.get(reverse("credits:check_in_by_qr", args=[session.check_in_code])).status_code == 400
    assert nothing_written()


def test_a_changing_code_is_none_where_one_code_counts(user, client):
    session = running(check_in_by="same")
    assert client.get(scan(session)).status_code == 409
    page = client.post(reverse("credits:check_in"), {"code": changing.shown(session).code})
    assert "No session has this code" in page.content.decode()
    assert nothing_written()


@pytest.mark.parametrize(
    "change",
    [{"code_released_at": None}, {"activity": "draft"}, {"removed_at": NOON}, {"status": "cancelled"}],
    ids=str,
)
def test_a_session_that_takes_nobody_takes_nobody(change, user, client):
    if change.get("activity"):
        change = {"activity": ActivityFactory()}
    session = running(**change)
    client.get(scan(session))
    client.post(scan(session))
    client.post(reverse("credits:check_in"), {"code": changing.shown(session).code})
    assert nothing_written()


# --- who chooses ----------------------------------------------------------------------------------------


@pytest.fixture
def school():
    return School()


@pytest.fixture
def held(school, settings):
    settings.READINESS_CHECKS = ("activities.readiness", "integrity.readiness")
    activity = ActivityFactory(kind="RSS", published=True, department=school.department)
    start = clock.now() - 20 * MINUTE
    return SessionFactory(activity=activity, starts_at=start, check_in_code="SEP4K7")


def of(name, session):
    return reverse(f"activities:{name}", args=[session.activity.number, session.pk])


def test_the_planner_chooses_and_screen_and_sheet_follow(client, school, held, settings):
    client.force_login(school.planner)
    done = client.post(of("session_change", held), {"action": "code", "check_in_by": "changing"})
    assert done.status_code == 302
    held.refresh_from_db()
    assert held.check_in_by == "changing"
    event = AuditEvent.objects.get(event="check_in_chosen")
    assert (event.old, event.new) == (
        {"code": "same", "check_out": False},
        {"code": "changing", "check_out": False},
    )
    screen = client.get(of("session_present", held)).content.decode()
    assert "SEP4K7" not in screen
    assert f"{settings.PORTAL_BASE_URL}/now/{held.pk}-" in screen
    assert '<meta http-equiv="refresh" content="20">' in screen
    sheet = client.get(of("session_sheet", held)).content.decode()
    assert "SEP4K7" not in sheet
    assert "sheet-code" not in sheet
    workspace = client.get(reverse("activities:plan_detail", args=[held.activity.number])).content.decode()
    assert "SEP4K7" not in workspace


def test_saving_the_same_choice_records_nothing(school, held):
    from accounts.actors import actor_of

    attendance.choose_code(session_id=held.pk, check_in_by="same", by=actor_of(school.planner))
    assert AuditEvent.objects.filter(event="check_in_chosen").count() == 0


def test_nobody_else_chooses_and_not_once_it_is_over(client, school, held):
    from accounts.actors import actor_of

    with pytest.raises(NotAllowed):
        attendance.choose_code(session_id=held.pk, check_in_by="changing", by=actor_of(school.outsider))
    with pytest.raises(Invalid):
        attendance.choose_code(session_id=held.pk, check_in_by="other", by=actor_of(school.planner))
    Session.objects.filter(pk=held.pk).update(
        starts_at=clock.now() - 180 * MINUTE, ends_at=clock.now() - 120 * MINUTE, status="held"
    )
    with pytest.raises(Conflict):
        attendance.choose_code(session_id=held.pk, check_in_by="changing", by=actor_of(school.planner))
    client.force_login(school.planner)
    assert 'id="code-title"' not in client.get(of("session_change", held)).content.decode()
    assert Session.objects.get().check_in_by == "same"
