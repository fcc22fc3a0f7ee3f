"""A planner's own list: what waits for them first, then what comes next; constant queries, a page at a time."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activities import access
from activities.domain import applications
from activities.enums import WITH_OFFICE, ActivityKind, ActivityStatus, SessionStatus, SlotKind
from activities.models import Activity, ChangeRequest, Session
from common import clock
from common.actors import Actor
from common.templatetags.cme import local, local_date

A = ActivityStatus
RUNNING = frozenset({A.APPROVED, A.DESIGNATED, A.PUBLISHED})
OVER = frozenset({A.ENDED, A.CLOSING, A.CLOSED, A.ARCHIVED, A.REJECTED, A.WITHDRAWN, A.CANCELLED})
# What a planner looks for: mine to do, theirs to do, running, over.
FILTERS: dict[str, tuple[Any, frozenset[str]]] = {
    "writing": (gettext_lazy("Being written"), frozenset({A.DRAFT, A.RETURNED})),
    "office": (gettext_lazy("With the office"), frozenset(WITH_OFFICE)),
    "running": (gettext_lazy("Approved and open"), RUNNING),
    "over": (gettext_lazy("Over"), OVER),
}
_TURNS = ({A.RETURNED}, {A.DRAFT}, WITH_OFFICE, RUNNING)
_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Place:
    """What the order of the list is made of; `meets` is the next meeting of what is running."""

    pk: int
    status: str
    starts_on: dt.date | None
    meets: dt.datetime | None


@dataclass(frozen=True)
class Line:
    """An activity with what is next; `due` is the planner's own date, if the next step is theirs."""

    activity: Activity
    due: dt.date | None
    late: bool
    next: str


def search(actor: Actor, query: str) -> QuerySet[Activity]:
    """What one plans whose title, number, department or kind says the words."""
    found = access.plannable(actor)
    if not query:
        return found
    kinds = [kind.value for kind in ActivityKind if query.lower() in kind.label.lower()]
    return found.filter(
        Q(title__icontains=query)
        | Q(number__icontains=query)
        | Q(department__name__icontains=query)
        | Q(kind__in=kinds)
    )


def in_order(found: QuerySet[Activity]) -> list[Place]:
    """Sent back, to be written, with the office, by their first day; running, by the next meeting; over, the newest first.

    Two queries of a few columns: order, counts and page follow from them. In SQL the order alone costs more than all of it.
    """
    rows = list(found.order_by().values_list("pk", "status", "starts_on"))
    running = [pk for pk, status, _day in rows if status in RUNNING]
    meets = dict(
        Session.objects.filter(activity__in=running, removed_at=None, kind=SlotKind.EDUCATION, ends_at__gt=clock.now())
        .exclude(status=SessionStatus.CANCELLED).order_by().values_list("activity").annotate(at=Min("starts_at"))
    )  # fmt: skip
    return sorted((Place(*row, meets.get(row[0])) for row in rows), key=_turn)


def _turn(row: Place) -> tuple[Any, ...]:
    turn = next((n for n, states in enumerate(_TURNS) if row.status in states), len(_TURNS))
    day = (row.starts_on or dt.date.max).toordinal()
    if row.status in OVER:
        day = -row.starts_on.toordinal() if row.starts_on else 0
    return turn, row.meets or _NEVER, day, row.pk


def counts(rows: Sequence[Place]) -> dict[str, int]:
    """How many stand under each filter, "" for all."""
    each = {key: sum(row.status in states for row in rows) for key, (_label, states) in FILTERS.items()}
    return {"": len(rows), **each}


def shown(rows: Sequence[Place], show: str) -> list[Place]:
    """Those under a filter."""
    return [row for row in rows if show not in FILTERS or row.status in FILTERS[show][1]]


def lines(rows: Sequence[Place]) -> list[Line]:
    """One page of the list. Two queries."""
    ids = [row.pk for row in rows]
    known = Activity.objects.select_related("department").only(*Activity.line(), "department__name").in_bulk(ids)
    returned = [row.pk for row in rows if row.status == A.RETURNED]
    asked = dict(
        ChangeRequest.objects.filter(activity__in=returned, settled_at=None, answered_at=None)
        .order_by().values_list("activity").annotate(n=Count("pk"))
    )  # fmt: skip
    return [_line(known[row.pk], row.meets, asked.get(row.pk, 0)) for row in rows]


def first_due(rows: Sequence[Line]) -> int:
    """The activity that is due first, to be marked; 0 for none."""
    due = [(row.due, row.activity.pk) for row in rows if row.due]
    return min(due)[1] if due else 0


def _line(activity: Activity, meets: dt.datetime | None, asked: int) -> Line:
    due = applications.submit_by(activity) if activity.status == A.DRAFT else None
    late = bool(due and due < clock.today(activity.zone))
    return Line(activity, due, late, _next(activity, meets, asked))


def _next(activity: Activity, meets: dt.datetime | None, asked: int) -> str:
    """What is next, in words; a date by which a draft must be sent is the page's to mark."""
    if activity.status == A.RETURNED:
        if not asked:
            return _("Send it back when it is done")
        return ngettext("%(n)d request to answer", "%(n)d requests to answer", asked) % {"n": asked}
    if activity.status == A.DRAFT:
        return _("Say when it takes place")
    if activity.status in WITH_OFFICE:
        day = local_date(activity.answer_due_on, activity.zone)
        return _("You’ll hear by %(day)s") % {"day": day} if day else ""
    return _("Next: %(at)s") % {"at": local(meets, activity.zone)} if meets else ""
