"""A planner's own pages: the list, one application or workspace, the thread."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Min, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from activities import access
from activities.domain import applications, gates, overview, workspace
from activities.domain import plan as plans
from activities.domain import trace as traces
from activities.enums import WITH_OFFICE, ActivityStatus, SessionStatus
from activities.models import Activity
from activities.views.people import colleagues
from activities.workflow import ACTIVITY
from common import clock
from common.page import page

PER_PAGE = 20
A = ActivityStatus
# What a planner looks for: mine to do, theirs to do, running, over.
FILTERS: dict[str, tuple[Any, frozenset[str]]] = {
    "writing": (_("Being written"), frozenset({A.DRAFT, A.RETURNED})),
    "office": (_("With the office"), frozenset(WITH_OFFICE)),
    "running": (_("Approved and open"), frozenset({A.APPROVED, A.DESIGNATED, A.PUBLISHED})),
    "over": (_("Over"), frozenset({A.ENDED, A.CLOSING, A.CLOSED, A.ARCHIVED, A.REJECTED, A.WITHDRAWN, A.CANCELLED})),
}
APPROVED = frozenset({A.APPROVED, A.DESIGNATED, A.PUBLISHED, A.ENDED, A.CLOSING, A.CLOSED, A.ARCHIVED, A.CANCELLED})


@page(perm="accounts.signed_in")
def my_activities(request: Any) -> HttpResponse:
    """Everything one plans, what is due first marked; `?show=writing` filters."""
    show = request.GET.get("show", "")
    mine = access.plannable(request.actor)
    counts = dict(mine.order_by().values_list("status").annotate(n=Count("pk")))
    filters = [
        {"key": k, "label": label, "count": sum(counts.get(s, 0) for s in states)}
        for k, (label, states) in FILTERS.items()
    ]
    found = mine.filter(status__in=FILTERS[show][1]) if show in FILTERS else mine
    now = clock.now()
    found = found.select_related("department").annotate(
        asked=Count(
            "change_requests",
            filter=Q(change_requests__settled_at=None, change_requests__answered_at=None),
            distinct=True,
        ),
        next_session=Min(
            "sessions__starts_at",
            filter=Q(sessions__removed_at=None, sessions__kind="education", sessions__ends_at__gt=now)
            & ~Q(sessions__status=SessionStatus.CANCELLED),
        ),
    )
    page_obj = Paginator(found.order_by("-changed_at", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    rows = [_row(a) for a in page_obj]
    due = [r for r in rows if r["due"]]
    marked = min(due, key=lambda r: r["due"])["activity"].pk if due else 0
    context = {
        "page_obj": page_obj,
        "rows": rows,
        "marked": marked,
        "filters": filters,
        "show": show,
        "total": sum(counts.values()),
    }
    return render(request, "activities/my_activities.html", context)


def _row(activity: Activity) -> dict[str, Any]:
    """An activity with what is next; `due` is the planner's own date, if the next step is theirs."""
    status = activity.status
    due = applications.submit_by(activity) if status == A.DRAFT else None
    return {
        "activity": activity,
        "due": due,
        "late": bool(due and due < clock.today(activity.zone)),
        "approved": status in APPROVED,
    }


@page(perm="accounts.signed_in")
def plan_detail(request: Any, number: str) -> HttpResponse:
    """The application with its checklist; after approval, the workspace."""
    activity = access.plan(request.actor, number)
    plan = plans.load(activity)
    if activity.status in APPROVED:
        return render(request, "activities/plan_workspace.html", _workspace(request, plan))
    editable = applications.is_editable(activity)
    findings = gates.for_submission(plan) if editable else []
    context = {
        "activity": activity, "plan": plan, "editable": editable, "open_checks": overview.in_order(f for f in findings if f.is_open), "done_checks": overview.in_order(f for f in findings if not f.is_open),
        "overview": overview.of(plan, findings) if editable else None, "decision": activity.decisions.order_by("-pk").first(),
        "people": colleagues(plan), "submissions": activity.submissions.count(), "can_withdraw": ACTIVITY.can(activity, "withdraw"),
        "sections": overview.of(plan, []).lines,
    }  # fmt: skip
    return render(request, "activities/plan_detail.html", context)


def _workspace(request: Any, plan: plans.Plan) -> dict[str, Any]:
    lines = workspace.lines(plan)
    upcoming = workspace.upcoming(lines)
    readiness = workspace.readiness(plan, upcoming) if upcoming else []
    return {
        "activity": plan.activity, "plan": plan, "lines": lines, "upcoming": upcoming, "people": colleagues(plan), "seats": workspace.seats(plan),
        "readiness": readiness, "open_checks": any(f.is_open for f in readiness), "now": clock.now(),
    }  # fmt: skip


@page(perm="accounts.signed_in")
def trace(request: Any, number: str) -> HttpResponse:
    """The thread from gap to result."""
    plan = plans.load(access.plan(request.actor, number))
    rows = traces.threads(plan)
    context = {
        "activity": plan.activity, "plan": plan, "rows": rows, "broken": [r for r in rows if r.broken_at],
        "editable": applications.is_editable(plan.activity),
    }  # fmt: skip
    return render(request, "activities/plan_trace.html", context)
