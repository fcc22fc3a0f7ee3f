"""At the door: a live list of who is in, adding by name, walk-ins, and Undo."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from activities import access
from activities.domain import attendance, door, roster, ways
from activities.enums import CheckInWay
from activities.forms.door import WalkInForm
from activities.models import Session
from common.errors import DomainError
from common.page import page
from common.views import posted_number

PARTS = {"there": "activities/partials/_door_there.html", "found": "activities/partials/_door_found.html"}


@page(perm="accounts.signed_in", write=True)
def session_door(request: Any, number: str, pk: int) -> HttpResponse:
    """Who is in, as it happens; with htmx the list and the names found follow by themselves."""
    session = access.plan_session(request.actor, number, pk)
    walk_in = WalkInForm(request.POST if request.POST.get("action") == "walk_in" else None)
    if request.method == "POST":
        done = _act(request, session, walk_in)
        if done is not None:
            return done
    return render(
        request, PARTS.get(_part(request), "activities/session_door.html"), _context(request, session, walk_in)
    )


def _part(request: Any) -> str:
    """The part of the page that htmx asks for."""
    return str(request.htmx.target or "") if request.htmx and request.method == "GET" else ""


def _context(request: Any, session: Session, walk_in: WalkInForm) -> dict[str, Any]:
    part = _part(request)
    query = request.POST.get("q") or request.GET.get("q", "")
    there = door.there(session)
    inside = {row.person_id for row in there}
    undo = request.GET.get("undo", "")
    added = next((row for row in there if row.own and str(row.own.pk) == undo), None)
    return {
        "activity": session.activity, "session": session, "query": query, "walk_in": walk_in, "shortest": roster.SHORTEST,
        "there": there[: door.NEWEST], "present": len(there), "more": max(0, len(there) - door.NEWEST),
        "found": [] if part == "there" else roster.people_like(query, session.activity), "inside": inside, "added": added,
        "is_taken": ways.takes(session.activity, CheckInWay.DOOR), "opens_at": attendance.window(session)[0], "undo_fields": {"action": "take_back", "evidence": undo},
    }  # fmt: skip


def _act(request: Any, session: Session, walk_in: WalkInForm) -> HttpResponse | None:
    """Do what was pressed; None leaves the page with the form's errors."""
    action, keys = request.POST.get("action", ""), {"session_id": session.pk, "by": request.actor}
    if action == "add":
        row = door.add(person_id=access.anybody(posted_number(request, "person")).pk, **keys)
    elif action == "take_back":
        door.take_back(evidence_id=posted_number(request, "evidence"), **keys)
        return redirect(_url(session))
    elif action == "walk_in":
        if not walk_in.is_valid():
            return None
        try:
            row = door.add_walk_in(**walk_in.cleaned_data, **keys)
        except DomainError as error:
            walk_in.add_domain_error(error)
            return None
    else:
        raise DomainError(_("That button is out of date. Reload the page."))
    return redirect(f"{_url(session)}?{urlencode({'undo': row.pk})}")


def _url(session: Session) -> str:
    return reverse("activities:session_door", args=[session.activity.number, session.pk])
