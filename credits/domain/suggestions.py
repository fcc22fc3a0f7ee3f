"""Activities that would fill a gap which a meter shows: ahead, or open at any time, and of credit the person may claim."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from accounts.models import Person
from activities.enums import ANY_TIME, ActivityStatus, SessionStatus
from activities.models import Activity
from common import clock
from credits.domain.facts import suits
from credits.meters import Meter
from credits.models import ClaimLine, CreditType, Designation, SessionTopic

SHOWN = 2
LOOKED_AT = 20  # of each topic, so that a busy one does not hide the others


@dataclass(frozen=True)
class Suggestion:
    """An activity with minutes of what somebody lacks; `starts_at` is None where it can be taken at any time."""

    activity: Activity
    starts_at: dt.datetime | None
    minutes: int


@dataclass(frozen=True)
class _Ahead:
    suggestion: Suggestion
    topic: str
    kinds: frozenset[str]


def fitting(person: Person, meters: Iterable[Meter]) -> dict[Meter, tuple[Suggestion, ...]]:
    """What would help with each open meter, the soonest first. At most five queries, none where nothing is open."""
    open_now = [m for m in meters if m.is_open]
    if not open_now:
        return {}
    known = _on_topics({t for m in open_now for t in m.rule.topics}, person)
    if any(not m.rule.topics for m in open_now):
        known += _any_credit(person)
    kinds = _claimable({a.suggestion.activity.pk for a in known}, person)
    held = [_Ahead(a.suggestion, a.topic, kinds[a.suggestion.activity.pk]) for a in known]
    return {m: _of(m, held) for m in open_now}


def _of(meter: Meter, ahead: Sequence[_Ahead]) -> tuple[Suggestion, ...]:
    rule, found = meter.rule, dict[int, Suggestion]()
    for item in ahead:
        one = item.suggestion
        on_it = item.topic in rule.topics if rule.topics else not item.topic
        counts = item.kinds & set(rule.kinds) if rule.kinds else item.kinds
        if on_it and counts and (one.starts_at is None or one.starts_at.date() <= meter.until):
            found.setdefault(one.activity.pk, one)
    return tuple(found.values())[:SHOWN]


def _open_to(person: Person, path: str = "") -> Q:
    """Listed activities, but none taken at any time that the person has claimed or whose last day is over."""
    at_any_time = Q(**{f"{path}kind__in": ANY_TIME})
    over = Q(**{f"{path}ends_on__lt": clock.now().date()})
    claimed = ClaimLine.objects.filter(person=person, voided_at=None, activity=OuterRef(f"{path}pk"))
    listed = Q(**{f"{path}status": ActivityStatus.PUBLISHED, f"{path}listed": True})
    return listed & ~(at_any_time & (over | Q(Exists(claimed))))


def _ahead_sessions(prefix: str) -> Q:
    coming = Q(**{f"{prefix}starts_at__gt": clock.now(), f"{prefix}removed_at": None})
    return coming & ~Q(**{f"{prefix}status": SessionStatus.CANCELLED})


def _on_topics(wanted: set[str], person: Person) -> list[_Ahead]:
    if not wanted:
        return []
    whole = Q(session=None, activity__kind__in=ANY_TIME)
    rows: QuerySet[SessionTopic] = SessionTopic.objects.filter(
        _open_to(person, "activity__"), _ahead_sessions("session__") | whole, topic__in=wanted, removed_at=None
    )
    soonest = [F("session__starts_at").asc(nulls_last=True), F("pk").asc()]
    rows = rows.annotate(place=Window(RowNumber(), partition_by="topic", order_by=soonest)).filter(place__lte=LOOKED_AT)
    return [
        _Ahead(Suggestion(r.activity, r.session.starts_at if r.session else None, r.minutes), r.topic_id, frozenset())
        for r in rows.select_related("activity", "session").order_by(*soonest)
    ]


def _any_credit(person: Person) -> list[_Ahead]:
    """The next activities with credit, whatever they are about, with the minutes that were designated."""
    rows = Activity.objects.filter(_open_to(person)).annotate(
        next_at=Min("sessions__starts_at", filter=_ahead_sessions("sessions__"))
    )
    rows = rows.filter(Q(next_at__isnull=False) | Q(kind__in=ANY_TIME))
    live = Designation.objects.filter(activity=OuterRef("pk"), ended_at=None, minutes__gt=0)
    rows = rows.annotate(minutes=live.order_by("-minutes").values("minutes")[:1]).filter(minutes__isnull=False)
    found = rows.order_by(F("next_at").asc(nulls_last=True), "pk")[:LOOKED_AT]
    return [_Ahead(Suggestion(a, a.next_at, a.minutes), "", frozenset()) for a in found]


def _claimable(activities: set[int], person: Person) -> dict[int, frozenset[str]]:
    """The types designated for each activity that are of this person's professions (IP-1)."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = Designation.objects.filter(activity__in=activities, ended_at=None).select_related("credit_type")
    settled = {kind.code: kind for kind in CreditType.objects.settled()} if activities else {}
    for row in rows:
        if suits(settled[row.credit_type_id], person) and not row.credit_type.follows:
            found[row.activity_id].add(row.credit_type_id)
    return defaultdict(frozenset, {pk: frozenset(codes) for pk, codes in found.items()})
