"""The office's desk: the queue, and one activity in four tabs."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.domain import mailbox
from accounts.views.sign_in import safe_next
from activities import access
from activities.domain import looking
from activities.domain import plan as plans
from activities.models import Activity
from common.errors import NotAllowed
from common.page import page, refuse
from credits import panels
from credits.domain import designations, letters, presentations
from reporting.domain import desk, due, queue, waits
from reporting.domain.queue import Filters
from reporting.forms import DecideForm, ExceptionForm, QueueForm
from reporting.views.page import desk_page, show

PER_PAGE = 50


@desk_page()
def queue_page(request: HttpRequest) -> HttpResponse:
    """What waits for the office, by time left."""
    form = QueueForm(request.GET)
    tab = request.GET.get("tab", "office")
    typed: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    tab = tab if tab in {"office", "waiting", "decided"} else "office"
    department = typed.get("department")
    filters = Filters(
        tab,
        typed.get("q", ""),
        typed.get("status", ""),
        department.pk if department else None,
        typed.get("mine", False),
    )
    changed = queue.changed()
    found = Paginator(queue.select(filters, request.actor, changed), PER_PAGE).get_page(request.GET.get("page"))  # type: ignore[attr-defined]
    numbers = queue.counts(changed)
    labels = (
        ("office", _("Needs the office")),
        ("waiting", _("Waiting on planners")),
        ("decided", _("Decided this week")),
    )
    context = {
        "title": _("Review queue"), "form": form, "tab": tab, "tabs": [(key, label, numbers[key]) for key, label in labels],
        "page_obj": found, "rows": queue.rows(list(found), changed), "filtered": any(typed.values()), "lost_mailboxes": mailbox.open_requests(), "check_ins": len(looking.open_signals()),
        "letters": letters.findings() if tab == "office" else ([], 0), "credit_findings": [*waits.findings(), *due.findings()] if tab == "office" else [],
    }  # fmt: skip
    return show(request, "reporting/queue.html", context)


@desk_page()
def activity(request: HttpRequest, number: str) -> HttpResponse:
    """One activity: compliance, or another tab."""
    found = access.plan(request.actor, number)  # type: ignore[attr-defined]
    tabs = {"application": application, "credit": credit, "history": history}
    return tabs.get(request.GET.get("tab", ""), compliance)(request, found)


def compliance(request: HttpRequest, activity: Activity, bound: Any = None) -> HttpResponse:
    """The findings of the next gate and what can be done about them; `bound` is a form that was refused, as it was sent."""
    found = desk.dossier(activity, request.actor)  # type: ignore[attr-defined]
    for group in found.groups:
        for line in group.lines:
            line.forms = [_form(facts, bound) for facts in line.relationships]
    context = {
        **_head(activity, found.plan),
        "dossier": found,
        "requests": found.plan.requests,
        "bound": bound,
        "tab": "compliance",
    }
    return show(request, "reporting/activity.html", context)


def _form(facts: dict[str, Any], bound: Any) -> Any:
    if bound is not None and bound.facts["relationship_id"] == facts["relationship_id"]:
        return bound
    return ExceptionForm(facts=facts) if facts["verdict"] == "excluded" else DecideForm(facts=facts)


def application(request: HttpRequest, activity: Activity) -> HttpResponse:
    """The application as it was sent last, with what changed marked."""
    return show(
        request,
        "reporting/application.html",
        {**_head(activity), "application": desk.application(activity), "tab": "application"},
    )


def credit(request: HttpRequest, activity: Activity) -> HttpResponse:
    """The agenda, the credit that follows from it, what is designated, and the statements."""
    facts = plans.load(activity)
    context = {
        **_head(activity, facts), "agenda": facts.agenda, "proposals": designations.proposed(facts), "designated": designations.current(activity),
        "statements": panels.activity(activity, request.actor), "tab": "credit", "taught": presentations.is_offered(activity),  # type: ignore[attr-defined]
    }  # fmt: skip
    return show(request, "reporting/credit.html", context)


def history(request: HttpRequest, activity: Activity) -> HttpResponse:
    """Every change of state and every act on record."""
    return show(
        request, "reporting/history.html", {**_head(activity), "events": desk.history(activity), "tab": "history"}
    )


def _head(activity: Activity, facts: Any = None) -> dict[str, Any]:
    return {"title": activity.title, "activity": activity, "facts": desk.head(activity, facts), "plan": facts}


# --- the admin's own doors ---------------------------------------------------------------------------


@page(public=True)
def admin_login(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """The admin has no sign-in of its own: ours, with the code and the second factor (decision 24)."""
    going = safe_next(request, request.GET.get("next", "")) or reverse("desk:queue")
    if not request.actor.is_authenticated:  # type: ignore[attr-defined]
        return redirect(f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': going})}")
    if not admin.site.has_permission(request):
        return refuse(
            request, NotAllowed("These pages are the CME office’s.", "The CME director can give you a role there."), 403
        )
    return redirect(going)


@page(perm="accounts.office")
def admin_index(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """The first page of the admin is the queue."""
    return redirect("desk:queue")
