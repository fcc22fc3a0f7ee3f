""" "Why don't I have this credit?" for learner, coordinator and office; requests and how they are decided."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities import access as activity_access
from common.errors import DomainError
from common.page import page
from common.views import posted_number
from credits import access
from credits.domain import attesting, facts, requests, why
from credits.enums import RequestStatus
from credits.forms import AskForm, AttestForm, DecideRequestsForm

DECIDED = 20


@page(perm="accounts.signed_in")
def pick(request: Any) -> HttpResponse:
    """Which session it is about: one's own without credit first, any other by its words."""
    query = request.GET.get("q", "").strip()[:80]
    sessions = why.to_pick(request.person, query)
    return render(request, "credits/why_pick.html", {"sessions": sessions, "query": query})


@page(perm="accounts.signed_in", write=True)
def session(request: Any, pk: int) -> HttpResponse:
    """The answer for oneself, and the button that helps."""
    found = access.session_of_public(pk)
    form = AskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            row = requests.ask(
                person_id=request.actor.person_id, session_id=pk, note=form.cleaned_data["note"], by=request.actor
            )
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return _asked(request, row, found)
    context = {"found": why.diagnose(request.person, found), "activity": found.activity, "form": form, "own": True}
    return render(request, "credits/why.html", context)


def _asked(request: Any, row: Any, found: Any) -> HttpResponse:
    if row.status == RequestStatus.GRANTED:
        messages.success(request, _("You can claim it now."))
        return redirect("credits:claim", found.activity.number)
    messages.success(request, _("Sent. You get an e-mail when it is decided."))
    return redirect("credits:why_session", found.pk)


@page(perm="accounts.signed_in", write=True)
def attest(request: Any, pk: int) -> HttpResponse:
    """The learner's own statement, where the office takes one: minutes, and the sentence they stand by."""
    found = access.session_of_public(pk)
    said = attesting.wording(found)
    form = AttestForm(request.POST if request.method == "POST" else None, most=found.minutes)
    if request.method == "POST" and form.is_valid():
        try:
            attesting.attest(
                session_id=pk, person_id=request.actor.person_id, minutes=form.cleaned_data["minutes"],
                version=request.POST.get("version", ""), by=request.actor,
            )  # fmt: skip
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("Your statement is on record."))
            return redirect("credits:claim", found.activity.number)
    offered = attesting.offered(request.person, found.activity, facts.load(request.person, found.activity))
    context = {"session": found, "activity": found.activity, "form": form, "said": said, "is_offered": pk in offered}
    return render(request, "credits/attest.html", context)


@page(perm="accounts.signed_in")
def of_person(request: Any, number: str, pk: int, person_id: int) -> HttpResponse:
    """What the learner sees, for whoever runs the activity and for the office."""
    found = activity_access.plan_session(request.actor, number, pk)
    person = access.person_of_activity(request.actor, found.activity, person_id)
    answer = why.diagnose(person, found)
    context = {
        "found": answer, "activity": found.activity, "learner": person, "own": False, "office": request.actor.is_office, "missing": why.NOT_SEEN,
    }  # fmt: skip
    return render(request, "credits/why.html", context)


@page(perm="accounts.signed_in")
def people(request: Any, number: str, pk: int) -> HttpResponse:
    """Whose credit for a session it is about, for whoever runs the activity: those without it, any other by name."""
    found = activity_access.plan_session(request.actor, number, pk)
    query = request.GET.get("q", "").strip()[:80]
    rows = why.people_to_pick(access.people_of_activity(found.activity), found, query)
    context = {"session": found, "activity": found.activity, "people": rows, "query": query, "most": why.PICK_MOST}
    return render(request, "credits/why_people.html", context)


@page(perm="accounts.office")
def of_anybody(request: Any, pk: int) -> HttpResponse:
    """Which session of somebody it is about, for the office: theirs without credit first, any other by its words."""
    person = access.person(pk)
    query = request.GET.get("q", "").strip()[:80]
    sessions = why.to_pick(person, query)
    return render(request, "credits/why_pick.html", {"sessions": sessions, "query": query, "learner": person})


@page(perm="accounts.signed_in", write=True)
def claim_requests(request: Any, number: str) -> HttpResponse:
    """Confirm attendance for many at once, or say no with a reason; what was decided stands below."""
    activity = activity_access.plan(request.actor, number)
    rows = list(requests.open_for(activity))
    form = DecideRequestsForm(request.POST if request.method == "POST" else None, rows=rows)
    chosen = set(request.POST.getlist("requests"))
    letters = requests.letters([row for row in rows if str(row.pk) in chosen])
    # Whoever writes to several reads the number beside the button first; the next press carries it.
    asks = letters > 1 and "told" not in request.POST
    if request.method == "POST" and form.is_valid() and not asks and _decide(request, activity, form):
        return redirect("credits:claim_requests", number)
    context = {
        "activity": activity, "rows": rows, "form": form, "decided": requests.decided_for(activity, limit=DECIDED),
        "chosen": chosen, "letters": letters if letters > 1 else 0,
    }  # fmt: skip
    return render(request, "credits/claim_requests.html", context)


def _decide(request: Any, activity: Any, form: DecideRequestsForm) -> bool:
    keys = {"activity_id": activity.pk, "request_ids": form.cleaned_data["requests"], "by": request.actor}
    told = posted_number(request, "told") or 1  # whoever chose one person saw whom it goes to
    try:
        if form.cleaned_data["action"] == "refuse":
            done = requests.refuse(reason=form.cleaned_data["reason"], told=told, **keys)
            messages.success(
                request, ngettext("%(n)d request answered.", "%(n)d requests answered.", len(done)) % {"n": len(done)}
            )
            return True
        done = requests.confirm(told=told, **keys)
    except DomainError as error:
        form.add_domain_error(error)
        return False
    messages.success(
        request,
        ngettext("Attendance of %(n)d person confirmed.", "Attendance of %(n)d people confirmed.", len(done))
        % {"n": len(done)},
    )
    if waiting := sum(row.status == RequestStatus.ASKED for row in done):
        messages.info(
            request,
            ngettext(
                "%(n)d is beyond the late claims of the year; the CME office decides it.",
                "%(n)d are beyond the late claims of the year; the CME office decides them.",
                waiting,
            )
            % {"n": waiting},
        )
    return True
