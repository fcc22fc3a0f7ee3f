"""What planners see of an activity after approval: its sessions, the next one's readiness, who signed up."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from activities.domain import gates
from activities.domain.plan import Plan
from activities.enums import CheckInBy, RegistrationStatus, SessionStatus
from activities.models import AttendanceEvidence, Session
from common import clock, rulesets
from common.findings import Finding


@dataclass(frozen=True)
class SessionLine:
    """One session in the table. `state` is a status word of sessions; `code` is empty until it is released, and for one that changes."""

    session: Session
    state: str
    present: int
    code: str
    opens_at: dt.datetime
    closes_at: dt.datetime


@dataclass(frozen=True)
class Seats:
    registered: int
    waiting: int


def seats(plan: Plan) -> Seats:
    """Who signed up; offered places count as taken."""
    taken = (RegistrationStatus.REGISTERED, RegistrationStatus.OFFERED)
    counts = plan.activity.registrations.aggregate(
        registered=Count("pk", filter=Q(status__in=taken)),
        waiting=Count("pk", filter=Q(status=RegistrationStatus.WAITING)),
    )
    return Seats(**counts)


def lines(plan: Plan) -> list[SessionLine]:
    """The sessions of education in order of time; three queries at most."""
    before = dt.timedelta(minutes=int(rulesets.value_on("checkin.opens_minutes_before")))
    after = dt.timedelta(minutes=int(rulesets.value_on("checkin.closes_minutes_after")))
    live = AttendanceEvidence.objects.standing().filter(session__activity=plan.activity)
    present = dict(live.values_list("session_id").annotate(n=Count("identity", distinct=True)))
    at = clock.now()
    return [
        SessionLine(
            s,
            _state(s, at),
            present.get(s.pk, 0),
            s.check_in_code if s.code_released_at and s.check_in_by == CheckInBy.SAME else "",
            s.starts_at - before,
            s.ends_at + after,
        )
        for s in (facts.session for facts in plan.education)
    ]


def _state(session: Session, at: dt.datetime) -> str:
    """The stored state, or "open" while a ready session runs (decision 2)."""
    if session.status == SessionStatus.READY and session.starts_at <= at <= session.ends_at:
        return "open"
    return str(session.status)


def upcoming(found: Sequence[SessionLine]) -> SessionLine | None:
    """The session whose readiness matters now: the first that is not over."""
    at = clock.now()
    return next((line for line in found if line.session.ends_at > at), None)


def readiness(plan: Plan, line: SessionLine) -> list[Finding]:
    """WF-6 for one session, what is open first."""
    return sorted(gates.for_session(line.session, plan), key=lambda f: not f.is_open)
