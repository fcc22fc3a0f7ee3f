"""Leaving early and coming back: in sessions where people check out, the minutes between count.

A check-in counts from its time, or from the start, to the end; checking out takes off what is left, coming back adds what
is left then. Each is a row that stands in the place of the one before (law 1), so the last one says all.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.models import Person
from activities.enums import EvidenceMethod
from activities.models import AttendanceEvidence, Session
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict

OUT, BACK = "Checked out", "Came back"
# First hand: what people did themselves. What others recorded of them is not theirs to change.
OWN = (EvidenceMethod.CODE, EvidenceMethod.QR, EvidenceMethod.TEXT, EvidenceMethod.KIOSK)
NOT_YOURS = "Whoever runs the session corrected your record. Ask them to change it."


@dataclass(frozen=True)
class Presence:
    """Where somebody stands in a session with check-out: whether they left, since when, and the minutes that count."""

    left: bool
    at: dt.datetime
    minutes: int


def minutes_from(session: Session, at: dt.datetime) -> int | None:
    """What a check-in at this time supports; None, the whole session, where nobody checks out. Raises Conflict once it is over."""
    if not session.check_out:
        return None
    if at >= session.ends_at:
        raise Conflict(
            "This session counts from check-in to check-out, and it is over. Were you there? Tell the desk; they can mark you present."
        )
    return min(session.minutes, left_at(session, at))


def left_at(session: Session, at: dt.datetime) -> int:
    """Whole minutes of the session that are still to come, begun ones counted as whole."""
    rest = session.ends_at - max(at, session.starts_at)
    return max(0, -(-int(rest.total_seconds()) // 60))


def presence(session: Session, person: Person) -> Presence | None:
    """None for who has no check-in of their own, or where nobody checks out. One query."""
    rows = [r for r in _tips(session, person) if not r.withdrawn] if session.check_out else []
    if not rows:
        return None
    best = max(rows, key=lambda r: (_minutes(session, r), r.pk))
    return Presence(all(r.reason == OUT for r in rows), best.recorded_at, _minutes(session, best))


def check_out(*, session_id: int, person_id: int, by: Actor) -> Presence:
    """Take off what is left of the session. Raises Conflict for who is not in, left already, or when it is over."""
    with transaction.atomic(durable=True):
        session, person, rows, at = _hold(session_id, person_id)
        inside = [r for r in rows if r.reason != OUT]
        if not inside:
            raise Conflict("You checked out already.")
        rest = left_at(session, at)
        for row in inside:
            _put(row, max(0, _minutes(session, row) - rest), OUT, at, by)
        audit.record("checked_out", by=by, subject=session, new={"person": person.pk})
    found = presence(session, person)
    assert found is not None
    return found


def come_back(*, session_id: int, person_id: int, by: Actor) -> Presence:
    """Add what is left of the session again. Raises Conflict for who did not leave, or when it is over."""
    with transaction.atomic(durable=True):
        session, person, rows, at = _hold(session_id, person_id)
        if any(r.reason != OUT for r in rows):
            raise Conflict("You are in.")
        _come_back(session, person, rows, at, by)
    found = presence(session, person)
    assert found is not None
    return found


def enter_again(session: Session, person: Person, at: dt.datetime, by: Actor) -> AttendanceEvidence | None:
    """A check-in of somebody who checked out, by whatever way, is coming back; None for everybody else.

    A tablet may bring it later: what was before they left is no return, and says nothing new. Assert an open transaction.
    """
    locks.require_transaction()
    if at >= session.ends_at or not _are_out(_tips(session, person)):
        return None
    list(Person.objects.select_for_update().filter(pk=person.pk))  # two taps wait for each other
    rows = _tips(session, person)
    if _are_out(rows) and all(r.recorded_at <= at for r in rows):
        _come_back(session, person, rows, at, by)
        rows = _tips(session, person)
    return rows[0]


def _are_out(rows: Sequence[AttendanceEvidence]) -> bool:
    return bool(rows) and all(r.reason == OUT and not r.withdrawn for r in rows)


def _come_back(
    session: Session, person: Person, rows: Sequence[AttendanceEvidence], at: dt.datetime, by: Actor
) -> None:
    for row in rows:
        _put(row, min(session.minutes, (row.minutes or 0) + left_at(session, at)), BACK, at, by)
    audit.record("came_back", by=by, subject=session, new={"person": person.pk})


def _hold(session_id: int, person_id: int) -> tuple[Session, Person, list[AttendanceEvidence], dt.datetime]:
    session = Session.objects.get(pk=session_id)
    person, at = Person.objects.select_for_update().get(pk=person_id), clock.now()  # two taps wait for each other
    if not session.check_out:
        raise Conflict("Nobody checks out of this session.")
    if at >= session.ends_at:
        raise Conflict("This session is over. What counts stands on your record.")
    rows = _tips(session, person)
    if not rows:
        raise Conflict("Check in first.")
    if any(r.withdrawn or r.reason not in {"", OUT, BACK} for r in rows):
        raise Conflict(NOT_YOURS)
    return session, person, rows, at


def _tips(session: Session, person: Person) -> list[AttendanceEvidence]:
    rows = AttendanceEvidence.objects.of(person).filter(session=session, method__in=OWN, superseded_by=None)
    return list(rows.order_by("pk"))


def _minutes(session: Session, row: AttendanceEvidence) -> int:
    return session.minutes if row.minutes is None else row.minutes


def _put(old: AttendanceEvidence, minutes: int, reason: str, at: dt.datetime, by: Actor) -> None:
    AttendanceEvidence.objects.create(
        session_id=old.session_id, identity_id=old.identity_id, method=old.method, at=old.at, minutes=minutes, recorded_by=by.label,
        recorded_at=at, source=old.source, supersedes=old, reason=reason,
    )  # fmt: skip
