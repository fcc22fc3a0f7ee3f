"""After approval: another place, objectives in other words."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from activities import access
from activities.domain import agreed_plan, changes, notices
from activities.domain import plan as plans
from activities.domain.plan import Plan
from activities.forms.agreed import ObjectivesForm, PlaceForm
from common.errors import DomainError, NotAllowed
from common.page import page
from common.views import posted_number


@page(perm="accounts.signed_in", write=True)
def plan_change(request: Any, number: str) -> HttpResponse:
    """Two forms, one button each; what changes takes effect at once, and the office looks at it."""
    activity = access.plan(request.actor, number)
    if not agreed_plan.may_change(activity):
        return redirect("activities:plan_detail", number)
    plan = plans.load(activity)
    action = request.POST.get("action", "")
    place = PlaceForm(request.POST if action == "place" else None, instance=activity)
    objectives = ObjectivesForm(request.POST if action == "objectives" else None, objectives=plan.objectives)
    form = {"place": place, "objectives": objectives}.get(action)
    if form is not None and form.is_valid() and _save(request, plan, form):
        return redirect("activities:plan_change", number)
    context = {
        "activity": activity, "place": place, "objectives": objectives, "since": changes.since(plan), "told": notices.audience(activity),
    }  # fmt: skip
    return render(request, "activities/plan_change.html", context, status=422 if form is not None else 200)


def _save(request: Any, plan: Plan, form: Any) -> bool:
    keys = {"activity_id": plan.activity.pk, "by": request.actor}
    try:
        if isinstance(form, PlaceForm):
            agreed_plan.change_place(told=posted_number(request, "told"), **form.cleaned_data, **keys)
        else:
            agreed_plan.change_objectives(texts=form.texts(), **keys)
    except NotAllowed:
        raise
    except DomainError as error:
        form.add_domain_error(error)
        return False
    messages.success(request, _("Saved. The CME office looks at what changed."))
    return True
