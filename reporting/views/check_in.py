"""How people get on record in one activity, and how long they may claim: the office's choices."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from activities import access
from activities.domain import looking, reviewing, ways, windows
from activities.models import Activity
from common import rulesets
from common.errors import Conflict, DomainError
from reporting.check_in_forms import WaysForm, WindowForm
from reporting.domain import desk
from reporting.views.page import desk_page, show


@desk_page(write=True)
def check_in(request: HttpRequest, number: str) -> HttpResponse:
    """The ways of checking in that this activity takes, and its own time to claim; each with its button."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    sent = request.POST if request.method == "POST" else None
    of_window = sent is not None and sent.get("what") == "window"
    form = WaysForm(None if of_window else sent, initial={"ways": activity.check_in_ways})
    window = _window(activity, sent if of_window else None)
    if sent is not None and (answer := _save(request, activity, window if of_window else form)):
        return answer
    may = reviewing.may_decide(request.actor, activity)  # type: ignore[attr-defined]
    taken = [label for value, label in WaysForm.base_fields["ways"].choices if value in activity.check_in_ways]  # type: ignore[attr-defined]
    context = {
        "title": activity.title, "activity": activity, "facts": desk.head(activity), "tab": "check_in", "form": form, "may": may and ways.may_choose(activity), "taken": taken, "signals": len(looking.open_signals(activity_number=number)),
        "window": window, "may_window": may and windows.may_choose(activity), "window_now": _in_force(activity),
    }  # fmt: skip
    return show(request, "reporting/check_in.html", context)


def _save(request: HttpRequest, activity: Activity, form: WaysForm | WindowForm) -> HttpResponse | None:
    """Save what was sent; None where it was refused for what the form shows."""
    if not form.is_valid():
        return None
    actor = request.actor  # type: ignore[attr-defined]
    reviewing.require_may_decide(actor, activity)
    try:
        if isinstance(form, WindowForm):
            windows.choose(activity_id=activity.pk, by=actor, **form.cleaned_data)
            messages.success(request, _("Saved. Learners read it from publishing on."))
        else:
            ways.choose_ways(activity_id=activity.pk, ways=form.cleaned_data["ways"], by=actor)
            messages.success(request, _("Saved. It holds from now on; what is on record stays."))
    except Conflict as error:  # the page has no form any more that could say so
        messages.error(request, str(error))
    except DomainError as error:
        form.add_domain_error(error)
        return None
    return redirect("desk:check_in", activity.number)


def _usual() -> dict[str, int]:
    return {
        "days": rulesets.value_on("claim.window_days"),
        "minutes": rulesets.value_on("claim.opens_minutes_before_end"),
    }


def _own(activity: Activity) -> dict[str, int | None]:
    return {"days": activity.claim_days, "minutes": activity.claim_opens_minutes}


def _window(activity: Activity, data: Any) -> WindowForm:
    return WindowForm(data, initial=_own(activity), usual=_usual())


def _in_force(activity: Activity) -> dict[str, int]:
    """What holds here: the activity's own numbers, else those of the rule."""
    return _usual() | {name: value for name, value in _own(activity).items() if value is not None}
