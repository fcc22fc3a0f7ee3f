"""Check-ins to look at: what stands out in the last weeks, and what the office found. No effect on credit."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields

from django.db import IntegrityError, transaction
from django.db.models import Count, F, OuterRef, Q, Subquery

from accounts.models import Identity, IdentityLink, Person
from activities.domain import attendance, signals
from activities.domain.signals import Limits, Signal, Slot, Tap
from activities.enums import EvidenceMethod, LookedAt
from activities.models import AttendanceEvidence, CheckInDevice, CheckInReview, Session, TextMessage
from common import audit, clock, rulesets
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.models import SeenNote

BY_CODE = (EvidenceMethod.CODE, EvidenceMethod.QR, EvidenceMethod.TEXT)
NAMES = 12  # people named with a signal; the record of the session has them all


@dataclass(frozen=True)
class Found:
    """A signal with the rows it is about, and what was found when somebody looked."""

    signal: Signal
    session: Session | None
    names: tuple[str, ...]
    review: CheckInReview | None = None

    @property
    def places(self) -> int:
        """How many there were places for, or how many were expected; 0 where nobody said."""
        return (self.session.activity.capacity or self.session.activity.expected_learners or 0) if self.session else 0

    @property
    def more(self) -> int:
        return len(self.signal.who) - len(self.names)


def limits() -> Limits:
    return Limits(**{f.name: rulesets.value_on(f"signal.{f.name}") for f in fields(Limits)})


def open_signals(*, activity_number: str = "", kind: str = "") -> list[Signal]:
    """What nobody looked at yet, the newest first. At most seven queries."""
    done = set(CheckInReview.objects.filter(at__gte=_since()).values_list("key", "size"))
    return [s for s in _all(activity_number, kind) if (s.key, s.size) not in done]


def looked_at(*, activity_number: str = "", kind: str = "") -> list[tuple[Signal, CheckInReview]]:
    """What somebody looked at and what they found, the newest first."""
    rows = {(r.key, r.size): r for r in CheckInReview.objects.filter(at__gte=_since())}
    return [(s, rows[s.key, s.size]) for s in _all(activity_number, kind) if (s.key, s.size) in rows]


def shown(found: Sequence[Signal], reviews: Sequence[CheckInReview | None] = ()) -> list[Found]:
    """The signals of a page with sessions and names. Three queries."""
    sessions = Session.objects.select_related("activity").in_bulk({s.session for s in found if s.session})
    names = _names({who for s in found for who in s.who[:NAMES]})
    kept = [*reviews, *[None] * (len(found) - len(reviews))]
    return [
        Found(s, sessions.get(s.session), tuple(names.get(who, "") or _phone(who) for who in s.who[:NAMES]), review)
        for s, review in zip(found, kept, strict=True)
    ]


def review(*, key: str, size: int, outcome: str, words: str, by: Actor) -> CheckInReview:
    """Say that somebody looked, and what they found. Credit stays as it is.

    Raises NotAllowed for who is among the people, Conflict when more came in meanwhile or a colleague was first.
    """
    if not by.is_office:
        raise NotAllowed("The CME office looks at these.")
    if outcome not in LookedAt.values:
        raise Invalid(fields={"outcome": "Choose one."})
    if outcome == LookedAt.ASKED and not words.strip():
        raise Invalid(fields={"note": "Write what came of asking."})
    with transaction.atomic(durable=True):
        signal = next((s for s in open_signals() if s.key == key), None)
        if signal is None:
            raise Conflict("A colleague looked at this already, or it is too long ago.")
        if signal.size != size:
            raise Conflict("More came in meanwhile. Look once more.")
        if f"p{by.person_id}" in signal.who:
            raise NotAllowed("You are among these people, so a colleague looks.")
        try:
            with transaction.atomic(savepoint=True):  # the other of two colleagues was first
                row = CheckInReview.objects.create(
                    key=key, size=size, outcome=outcome, note=words.strip()[:500], at=clock.now(), by=by.label
                )
        except IntegrityError as error:
            raise Conflict("A colleague looked at this already.") from error
        audit.record("check_ins_looked_at", by=by, subject=row, new={"key": key, "size": size, "outcome": outcome}, reason=words.strip()[:500])  # fmt: skip
        return row


def forget_devices() -> int:
    """Every night: delete what is known of browsers after the days of the parameter. How many."""
    day = clock.now() - dt.timedelta(days=rulesets.value_on("signal.device_days"))
    with transaction.atomic(durable=True):
        return CheckInDevice.objects.filter(evidence__recorded_at__lt=day).delete()[0]


def _since() -> dt.datetime:
    return clock.now() - dt.timedelta(days=rulesets.value_on("signal.days"))


def _all(activity_number: str, kind: str) -> list[Signal]:
    lim, since = limits(), _since()
    found: list[Signal] = []
    if kind != "guess":
        slots = _slots(_candidates(lim, since, activity_number))
        found += signals.of_sessions(slots, _taps(slots), lim)
    if kind in {"", "guess"} and not activity_number:  # a wrong code belongs to no activity
        found += signals.of_guesses(_tries(since), lim)
    return sorted((s for s in found if kind in {"", s.kind}), key=lambda s: (s.last_at, s.key), reverse=True)


def _candidates(lim: Limits, since: dt.datetime, activity_number: str) -> set[int]:
    """Sessions in which something can stand out, counted by the database. Two queries."""
    rows = AttendanceEvidence.objects.filter(supersedes=None, method__in=BY_CODE, session__starts_at__gte=since)
    devices = CheckInDevice.objects.filter(evidence__session__starts_at__gte=since)
    if activity_number:
        rows = rows.filter(session__activity__number=activity_number)
        devices = devices.filter(evidence__session__activity__number=activity_number)
    ends, starts = F("session__ends_at"), F("session__starts_at")
    counted = rows.order_by().values("session").annotate(
        n=Count("pk"), after=Count("pk", filter=_at(starts, "gte", lim.burst_after_minutes)),
        far=Count("pk", filter=_at(ends, "gt", lim.late_minutes) | _at(starts, "lt", 0)),
        capacity=F("session__activity__capacity"), expected=F("session__activity__expected_learners"),
    )  # fmt: skip
    found = {
        r["session"] for r in counted
        if r["after"] >= lim.burst_people or r["far"] >= lim.late_people
        or ((r["capacity"] or r["expected"]) and r["n"] * 100 > (r["capacity"] or r["expected"]) * lim.crowd_percent)
    }  # fmt: skip
    shared = (
        devices.order_by().values("evidence__session", "device").annotate(n=Count("evidence__identity", distinct=True))
    )
    return found | set(shared.filter(n__gte=lim.device_people).values_list("evidence__session", flat=True))


def _at(what: F, how: str, minutes: int) -> Q:
    return Q(**{f"at__{how}": what + dt.timedelta(minutes=minutes)})


def _slots(session_ids: Collection[int]) -> dict[int, Slot]:
    rows = Session.objects.filter(pk__in=session_ids, removed_at=None).select_related("activity")
    return {
        s.pk: Slot(
            s.pk, attendance.window(s)[0], s.starts_at, s.ends_at, s.code_released_at, s.activity.capacity or s.activity.expected_learners
        )
        for s in rows
    }  # fmt: skip


def _taps(session_ids: Collection[int]) -> list[Tap]:
    """Each check-in by its owner. One query."""
    owner = IdentityLink.objects.filter(identity=OuterRef("identity"), ended_at=None).values("person")[:1]
    rows = AttendanceEvidence.objects.filter(session__in=session_ids, supersedes=None, method__in=BY_CODE)
    return [
        Tap(pk, session, f"p{person}" if person else f"i{identity}", at, device or "")
        for pk, session, person, identity, at, device in rows.annotate(owner=Subquery(owner)).values_list(
            "pk", "session", "owner", "identity", "at", "device__device"
        )
    ]


def _tries(since: dt.datetime) -> list[tuple[str, dt.datetime]]:
    """Wrong codes, by person or by the phone that nobody knows. Two queries."""
    notes = list(
        SeenNote.objects.filter(kind=attendance.WRONG_CODE, at__gte=since).values_list(
            "subject_type", "subject_id", "person_id", "at"
        )
    )
    texts = TextMessage.objects.filter(
        pk__in=[pk for kind, pk, person, _at in notes if person is None and kind == TextMessage._meta.label_lower]
    )
    phones = dict(texts.values_list("pk", "sender"))
    return [
        (f"p{person}" if person else f"t{phones[pk]}", at) for _kind, pk, person, at in notes if person or pk in phones
    ]


def _names(who: Collection[str]) -> dict[str, str]:
    people = Person.objects.in_bulk([int(w[1:]) for w in who if w.startswith("p")])
    identities = Identity.objects.in_bulk([int(w[1:]) for w in who if w.startswith("i")])
    return {f"p{pk}": p.name_with_degrees for pk, p in people.items()} | {
        f"i{pk}": i.value for pk, i in identities.items()
    }


def _phone(who: str) -> str:
    return who[1:] if who.startswith("t") else ""
