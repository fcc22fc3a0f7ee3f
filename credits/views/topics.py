"""What the sessions of an activity are about: planners and the office say how many minutes each topic takes."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from activities import access as activity_access
from activities.models import Activity
from common.errors import DomainError
from common.page import page
from credits.domain import topics
from credits.models import Topic

BLANK = 2
Cell = tuple[int | None, str]


@page(perm="accounts.signed_in", write=True)
def activity_topics(request: Any, number: str) -> HttpResponse:
    """Topics of each session; what was typed stays when something does not stand."""
    activity = activity_access.plan(request.actor, number)
    held = topics.of_activities([activity.pk])
    problem = ""
    if request.method == "POST":
        try:
            changed = topics.set_minutes(
                activity_id=activity.pk, minutes=_typed(request.POST, activity, held), by=request.actor
            )
        except DomainError as error:
            problem = str(error)
        else:
            if changed:
                messages.success(request, ngettext("%(n)s topic is saved.", "%(n)s topics are saved.", changed) % {"n": changed})  # fmt: skip
            return redirect("credits:activity_topics", number)
    context = {"activity": activity, "rows": _rows(request.POST, activity, held), "names": list(Topic.objects.values_list("pk", "name")), "problem": problem}  # fmt: skip
    return render(request, "credits/activity_topics.html", context)


def _rows(typed: Mapping[str, str], activity: Activity, held: topics.Tagged) -> list[dict[str, Any]]:
    """Each session with its topics and some empty lines."""
    rows = []
    for session in topics.sessions(activity):
        key = session.pk if session else 0
        known = list(held.get((activity.pk, session.pk if session else None), {}).items())
        lines = []
        for n, (code, minutes) in enumerate([*known, *[("", "")] * BLANK]):
            name = f"{key}-{n}"
            lines.append(
                {
                    "name": name,
                    "code": typed.get(f"topic-{name}", code),
                    "minutes": typed.get(f"minutes-{name}", minutes),
                }
            )
        rows.append({"session": session, "key": key, "lines": lines, "known": len(known)})
    return rows


def _typed(data: Mapping[str, str], activity: Activity, held: topics.Tagged) -> dict[Cell, int]:
    """Minutes per session and topic as they were written; what is not there any more is 0."""
    found: dict[Cell, int] = {}
    for row in _rows(data, activity, held):
        pk = row["session"].pk if row["session"] else None
        found |= {(pk, code): 0 for code in held.get((activity.pk, pk), {})}
        for line in row["lines"]:
            minutes = str(line["minutes"]).strip()
            if line["code"] and minutes:
                found[(pk, line["code"])] = int(minutes) if minutes.isdecimal() and len(minutes) < 5 else -1
    return found
