"""How people get on record in one activity: the office's choice."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from activities import access
from activities.domain import looking, reviewing, ways
from common.errors import DomainError
from reporting.check_in_forms import WaysForm
from reporting.domain import desk
from reporting.views.page import desk_page, show


@desk_page(write=True)
def check_in(request: HttpRequest, number: str) -> HttpResponse:
    """The ways of checking in that this activity takes."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    form = WaysForm(request.POST if request.method == "POST" else None, initial={"ways": activity.check_in_ways})
    if request.method == "POST" and form.is_valid():
        reviewing.require_may_decide(request.actor, activity)  # type: ignore[attr-defined]
        try:
            ways.choose_ways(activity_id=activity.pk, ways=form.cleaned_data["ways"], by=request.actor)  # type: ignore[attr-defined]
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("Saved. It holds from now on; what is on record stays."))
            return redirect("desk:check_in", number)
    may = reviewing.may_decide(request.actor, activity) and ways.may_choose(activity)  # type: ignore[attr-defined]
    taken = [label for value, label in WaysForm.base_fields["ways"].choices if value in activity.check_in_ways]  # type: ignore[attr-defined]
    context = {
        "title": activity.title, "activity": activity, "facts": desk.head(activity), "tab": "check_in", "form": form, "may": may, "taken": taken, "signals": len(looking.open_signals(activity_number=number)),
    }  # fmt: skip
    return show(request, "reporting/check_in.html", context)
