"""Topics that mandates name: how many minutes of a session each takes, and what of that a person may count."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from itertools import accumulate, pairwise
from typing import Any

import rules
from django.db import transaction
from django.db.models import QuerySet

from activities.models import Activity, Session
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Invalid, NotAllowed
from credits.models import CreditType, SessionTopic, Topic

# (activity id, session id or None) → topic code → minutes
Tagged = Mapping[tuple[int, int | None], Mapping[str, int]]


def of_activities(activities: Iterable[int] | QuerySet[Any, Any]) -> Tagged:
    """The topics of some activities, named by their keys or by the query that finds those. One query."""
    rows = SessionTopic.objects.filter(activity__in=activities, removed_at=None)
    found: dict[tuple[int, int | None], dict[str, int]] = defaultdict(dict)
    for activity_id, session_id, topic, minutes in rows.values_list("activity", "session", "topic", "minutes"):
        found[(activity_id, session_id)][topic] = minutes
    return found


def counted(tagged: Mapping[str, int], *, credited: int, offered: int) -> dict[str, int]:
    """Minutes of each topic that a claim may count: all of them for who claimed all, in proportion for who claimed less.

    `credited` are the minutes that were claimed, `offered` those of the sessions they were claimed for. Never more than
    the topic took, never rounded up.
    """
    if offered <= 0 or credited <= 0:
        return {}
    share = min(credited, offered)
    found = {code: minutes * share // offered for code, minutes in tagged.items()}
    return {code: minutes for code, minutes in found.items() if minutes}


def hours(minutes: int) -> Decimal:
    """Minutes as hours of 60 minutes with two decimals, never rounded up."""
    return (Decimal(minutes) / 60).quantize(Decimal("0.01"), rounding=ROUND_FLOOR)


def credited_minutes(minutes: int, credits: Decimal, kind: CreditType) -> int:
    """What a claim counts as time: never more than there was, nor more than was claimed.

    Credit that no clock measures (a stage, a review, a test item: no minutes; teaching: AMA-FMT-1T) counts an hour a credit.
    """
    if kind.is_attendance:
        return minutes
    claimed = int(credits * 60)
    return claimed if kind.teaching or not minutes else min(minutes, claimed)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in proportion to weights, in whole numbers whose sum is the amount; alike where nothing weighs."""
    parts = list(weights) if any(weights) else [1] * len(weights)
    ends = [amount * so_far // sum(parts) for so_far in accumulate(parts)]
    return [end - before for before, end in pairwise([0, *ends])]


def sessions(activity: Activity) -> list[Session | None]:
    """What can be about a topic: its education, or the activity itself where it has no sessions."""
    rows = activity.sessions.filter(removed_at=None, kind="education").exclude(status="cancelled")
    return list(rows.order_by("starts_at", "pk")) or [None]


def set_minutes(*, activity_id: int, minutes: Mapping[tuple[int | None, str], int], by: Actor) -> int:
    """Say how many minutes each topic takes; 0 takes it off, what is not named stays. Returns how many changed.

    Raises NotAllowed for who does not plan the activity, Invalid for more minutes than the session has.
    """
    with transaction.atomic(durable=True):
        activity = locks.lock_row(Activity.objects.all(), pk=activity_id)
        if by.kind != "system" and not rules.has_perm("activities.edit_plan", by, activity):
            raise NotAllowed("Only the planners of this activity and the CME office say what it is about.")
        _check(activity, minutes)
        held = {
            (t.session_id, t.topic_id): t
            for t in SessionTopic.objects.select_for_update(of=("self",)).filter(activity=activity, removed_at=None)
        }
        old = {f"{s or ''}:{t}": row.minutes for (s, t), row in held.items()}
        changed = [_set(activity, key, value, held.get(key), by) for key, value in minutes.items()]
        if any(changed):
            audit.record("topics_changed", by=by, subject=activity, old=old, new={f"{s or ''}:{t}": m for (s, t), m in minutes.items()})  # fmt: skip
    return sum(changed)


def _check(activity: Activity, minutes: Mapping[tuple[int | None, str], int]) -> None:
    known = {s.pk if s else None: s for s in sessions(activity)}
    codes = set(Topic.objects.values_list("pk", flat=True))
    for (session_id, code), value in minutes.items():
        if session_id not in known or code not in codes:
            raise Invalid("This session or topic is not there any more. Reload the page.")
        session = known[session_id]
        if value < 0 or (session is not None and value > session.minutes):
            most = session.minutes if session else 0
            raise Invalid(fields={f"m{session_id or 0}": f"A topic takes at most the {most} minutes of its session."})


def _set(activity: Activity, key: tuple[int | None, str], minutes: int, row: SessionTopic | None, by: Actor) -> bool:
    if (row.minutes if row else 0) == minutes:
        return False
    at = clock.now()
    if row is not None:  # the old row stays as it was: a transcript of then can be explained
        row.removed_at, row.removed_by = at, by.label
        row.save(update_fields=["removed_at", "removed_by"])
    if minutes:
        SessionTopic.objects.create(
            activity=activity, session_id=key[0], topic_id=key[1], minutes=minutes, added_at=at, added_by=by.label
        )
    return True
