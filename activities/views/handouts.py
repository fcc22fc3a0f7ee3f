"""Handouts: the planners' list, and the one door to a file."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from activities import access
from activities.domain import handouts
from activities.forms.handouts import HandoutChangeForm, HandoutForm
from activities.models import Activity, Handout
from common import uploads
from common.errors import DomainError
from common.page import page


@page(perm="accounts.signed_in", write=True, files=True)
def handout_list(request: Any, number: str) -> HttpResponse:
    """Add, name, order, remove. Every button names its act: `add`, `change:12`, `up:12`, `remove:12`, `restore:12`."""
    activity = access.plan(request.actor, number)
    action, _sep, argument = request.POST.get("action", "").partition(":")
    row = _row(activity, argument or request.GET.get("open", ""))
    form = HandoutForm(
        *((request.POST, request.FILES) if action == "add" else ()),
        activity=activity,
        initial={"session": request.GET.get("session", "")},
    )
    change = HandoutChangeForm(request.POST if action == "change" else None, handout=row) if row else None
    if request.method == "POST":
        landing = _act(request, activity, action, row, change if action == "change" else form)
        if landing is not None:
            return redirect(landing)
    removed = _removed(activity, request.GET.get("undo", ""))
    context = {
        "activity": activity, "groups": handouts.of_activity(activity), "form": form, "change": change, "opened": row, "removed": removed, "undo_value": f"restore:{removed.pk}" if removed else "",
        "editable": handouts.may_change(activity),
    }  # fmt: skip
    return render(request, "activities/handout_list.html", context, status=422 if action in {"add", "change"} else 200)


@page(perm="accounts.signed_in")
def handout_file(request: Any, number: str, pk: int) -> HttpResponseBase:
    """The file of a handout, for its planners and for who takes part, once it is open."""
    stored = access.handout(request.actor, number, pk).file
    if stored is None:
        raise Http404
    return uploads.response(stored)


def _act(request: Any, activity: Activity, action: str, row: Handout | None, form: Any) -> str | None:
    """Do what the button says; where to go next, or None to show what is wrong."""
    if action not in _ACTIONS:
        raise DomainError(_("That button is out of date. Reload the page."))
    if action in {"add", "change"} and (form is None or not form.is_valid()):
        return None
    keys: dict[str, Any] = {"activity_id": activity.pk, "by": request.actor}
    pk = request.POST["action"].partition(":")[2]
    try:
        query, said = _ACTIONS[action](keys, int(pk) if pk.isdecimal() and len(pk) < 18 else 0, form)
    except DomainError as error:
        if action not in {"add", "change"} or error.status != 400:
            raise
        form.add_domain_error(error)
        return None
    if said:
        messages.success(request, said)
    return _address(activity, query, pk)


def _address(activity: Activity, query: dict[str, str], pk: str) -> str:
    address = reverse("activities:handout_list", args=[activity.number])
    return f"{address}?{urlencode(query)}" if query else f"{address}#handout-{pk}" if pk else address


def _add(keys: Mapping[str, Any], _pk: int, form: HandoutForm) -> tuple[dict[str, str], str]:
    made = handouts.add_handout(**form.values(), **keys)
    return {}, _("“%(title)s” is added.") % {"title": made.title}


def _change(keys: Mapping[str, Any], pk: int, form: HandoutChangeForm) -> tuple[dict[str, str], str]:
    made = handouts.change_handout(handout_id=pk, **form.values(), **keys)
    return {}, _("“%(title)s” is saved.") % {"title": made.title}


def _up(keys: Mapping[str, Any], pk: int, _form: Any) -> tuple[dict[str, str], str]:
    handouts.move_handout(handout_id=pk, up=True, **keys)
    return {}, ""


def _down(keys: Mapping[str, Any], pk: int, _form: Any) -> tuple[dict[str, str], str]:
    handouts.move_handout(handout_id=pk, up=False, **keys)
    return {}, ""


def _remove(keys: Mapping[str, Any], pk: int, _form: Any) -> tuple[dict[str, str], str]:
    handouts.remove_handout(handout_id=pk, **keys)
    return {"undo": str(pk)}, ""


def _restore(keys: Mapping[str, Any], pk: int, _form: Any) -> tuple[dict[str, str], str]:
    handouts.restore_handout(handout_id=pk, **keys)
    return {}, ""


_ACTIONS: dict[str, Callable[..., tuple[dict[str, str], str]]] = {
    "add": _add,
    "change": _change,
    "up": _up,
    "down": _down,
    "remove": _remove,
    "restore": _restore,
}


def _row(activity: Activity, pk: str) -> Handout | None:
    rows = activity.handouts.filter(removed_at=None).select_related("activity", "session")
    return rows.filter(pk=pk).first() if pk.isdecimal() and len(pk) < 18 else None


def _removed(activity: Activity, pk: str) -> Handout | None:
    return (
        activity.handouts.filter(pk=pk, removed_at__isnull=False).first() if pk.isdecimal() and len(pk) < 18 else None
    )
