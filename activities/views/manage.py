"""A planner's own pages: the list, one application or workspace, the thread."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from activities import access
from activities.domain import agreed_plan, applications, changes, gates, mine, overview, workspace
from activities.domain import plan as plans
from activities.domain import trace as traces
from activities.enums import ActivityStatus
from activities.views.people import colleagues
from activities.workflow import ACTIVITY
from common import clock
from common.page import page

PER_PAGE = 20
A = ActivityStatus
APPROVED = frozenset({A.APPROVED, A.DESIGNATED, A.PUBLISHED, A.ENDED, A.CLOSING, A.CLOSED, A.ARCHIVED, A.CANCELLED})


@page(perm="accounts.signed_in")
def my_activities(request: Any) -> HttpResponse:
    """Everything one plans, what waits for one first, what is due first marked; `?show=writing` and `?q=` narrow it."""
    show, query = request.GET.get("show", ""), request.GET.get("q", "").strip()[:100]
    places = mine.in_order(mine.search(request.actor, query))
    counts = mine.counts(places)
    page_obj = Paginator(mine.shown(places, show), PER_PAGE).get_page(request.GET.get("page"))
    rows = mine.lines(list(page_obj))
    context = {
        "page_obj": page_obj, "rows": rows, "marked": mine.first_due(rows), "show": show, "query": query, "total": counts[""],
        "filters": [{"key": key, "label": label, "count": counts[key]} for key, (label, _states) in mine.FILTERS.items()],
    }  # fmt: skip
    return render(request, "activities/my_activities.html", context)


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
        "readiness": readiness, "open_checks": any(f.is_open for f in readiness), "now": clock.now(), "since": changes.since(plan),
        "may_change": agreed_plan.may_change(plan.activity),
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
