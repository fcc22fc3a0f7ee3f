"""A second address of somebody who has another record: join the two, ask the office, or keep them apart."""

from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts import access
from accounts.domain import merging, profile
from accounts.people_forms import JoinForm
from common.errors import DomainError
from common.page import page

COOKIE, COOKIE_AGE = "join", 60 * 30


def offer(request: Any, email: str, found: profile.BelongsToAnother) -> HttpResponse:
    """To the page that offers it; the browser keeps what the code proved, signed, for half an hour."""
    response = redirect("accounts:join")
    kept = {"me": request.actor.person_id, "other": found.person_id, "email": email, "proved": found.is_proved}
    response.set_cookie(
        COOKIE,
        signing.dumps(kept, salt=COOKIE),
        max_age=COOKIE_AGE,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


@page(perm="accounts.signed_in", write=True)
def join_page(request: Any) -> HttpResponse:
    """The two records side by side, with one button."""
    kept = _kept(request)
    if kept is None:
        return redirect("accounts:profile")
    away, mine = access.pair(kept["other"], request.actor.person_id)
    shown = merging.preview(away, mine)
    form = JoinForm(request.POST if request.method == "POST" else None, choices=shown.choices)
    objections = merging.objections_of_owner(away, mine)
    if request.method == "POST" and form.is_valid():
        try:
            said = _do(request, kept, form)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, said)
            response = redirect("accounts:profile")
            response.delete_cookie(COOKIE)
            return response
    context = {
        "form": form, "preview": shown, "objections": objections, "email": kept["email"], "is_proved": kept["proved"],
    }  # fmt: skip
    return render(request, "accounts/join.html", context)


def _do(request: Any, kept: dict[str, Any], form: JoinForm) -> str:
    email, other = kept["email"], kept["other"]
    verb = request.POST.get("verb")
    if verb == "join":
        merging.join_own(email=email, other_id=other, choices=form.chosen(), by=request.actor)
        return _("Your records are one. You can sign in with each of your addresses.")
    if verb == "ask":
        merging.ask_office(email=email, other_id=other, by=request.actor)
        return _("The CME office has your request and joins the two records.")
    profile.add_address(person_id=request.actor.person_id, email=email, not_person=other, by=request.actor)
    return _("%(email)s is yours. You can sign in with it.") % {"email": email}


def _kept(request: Any) -> dict[str, Any] | None:
    """What this browser proved; nothing once somebody else signed in to it."""
    try:
        found = dict(signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=COOKIE_AGE))
    except signing.BadSignature:
        return None
    return found if found.get("me") == request.actor.person_id else None
