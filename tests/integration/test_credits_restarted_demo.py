"""The demo started again while its running session still runs: nothing is doubled, and nothing turns not ready (decision 20)."""

import datetime as dt
import itertools

import pytest

from activities.domain import gates
from activities.models import ActivityRole, AttendanceEvidence, Session
from cme_portal.school import build, today
from common import clock

pytestmark = pytest.mark.django_db
SMALL = build.Size(people=60, courses=4, series=1, enduring=1, sessions_per_series=4, evidence=20, rendered=0)
FIRST = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def at(monkeypatch):
    def move(minutes):
        monkeypatch.setattr(clock, "now", lambda: FIRST + dt.timedelta(minutes=minutes))

    move(0)
    return move


def overlapping():
    rows = Session.objects.filter(
        activity__title=today.SERIES, removed_at=None, starts_at__gte=FIRST - dt.timedelta(hours=2)
    )
    held = list(rows.filter(starts_at__lte=FIRST + dt.timedelta(hours=4)).order_by("starts_at"))
    return [(a.title, b.title) for a, b in itertools.pairwise(held) if b.starts_at < a.ends_at]


def open_findings(session):
    return [f.title for f in gates.for_session(session) if f.is_open]


def test_a_second_start_leaves_what_runs_alone(at, django_capture_on_commit_callbacks):
    build.build(SMALL)
    running = today.top_up()
    assert running.starts_at == FIRST - dt.timedelta(minutes=15)
    before = open_findings(running)
    counts = (Session.objects.count(), ActivityRole.objects.count(), AttendanceEvidence.objects.count())
    for minutes in (1, 10, 24):
        at(minutes)
        assert today.top_up() == running
        assert (Session.objects.count(), ActivityRole.objects.count(), AttendanceEvidence.objects.count()) == counts
    # Soon over: the next follows it, once, however often the demo is started.
    for minutes in (26, 30, 44):
        at(minutes)
        assert today.top_up() == running
        assert Session.objects.count() == counts[0] + 1
        assert overlapping() == []
    assert open_findings(running) == before
    following = Session.objects.get(title=today.NEXT)
    assert following.starts_at == running.ends_at
    assert open_findings(following) == before
    # And when it is over, the next is what runs.
    at(46)
    assert today.top_up() == following
    assert Session.objects.count() == counts[0] + 1
