"""Disclosing, by the link from an e-mail or signed in: the same page, one job, two minutes."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.actors import actor_of_link
from accounts.domain import links
from accounts.domain.links import LinkGone
from accounts.enums import GrantPurpose
from accounts.models import LinkGrant, Person, Provider
from common import clock
from common.actors import Actor
from common.errors import DomainError
from common.page import page
from integrity import access
from integrity.domain import disclosures
from integrity.enums import Answer, Method
from integrity.forms import Sheet


@page(link=True, write=True)
def disclosure_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a request for a disclosure; afterwards the link shows the thank-you and lets one update."""
    try:
        grant = links.resolve(token, GrantPurpose.DISCLOSURE)
    except LinkGone as gone:
        return _gone(request, gone.grant, token, gone)
    found = access.occasion(grant)
    if not (found and found.is_needed):
        return _gone(request, grant, token)
    context = {
        "layout": "base_link.html", "occasion": found, "link_name": grant.person.full_name, "link_until": grant.expires_at,
        "link_zone": found.activity.zone if found else None,
    }  # fmt: skip
    response = _disclose(
        request, grant.person, actor_of_link(grant), Method.LINK, asked_at=grant.created_at, context=context
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _gone(request: HttpRequest, grant: LinkGrant, token: str, error: LinkGone | None = None) -> HttpResponse:
    """The link is over: because of its age, or because nobody needs the disclosure any more."""
    context = {"error": error, "token": token, "link_name": grant.person.full_name, "occasion": access.occasion(grant)}
    return render(request, "integrity/link_gone.html", context, status=410)


@page(link=True, write=True)
def disclosure_new_link(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds an expired link may have a new one sent: to the address on file, never to one typed here."""
    try:
        links.resolve(token, GrantPurpose.DISCLOSURE)
    except LinkGone as gone:
        if request.method == "POST":
            disclosures.renew_link(grant_id=gone.grant.pk, by=actor_of_link(gone.grant))
            messages.success(request, _("A new link is on its way to the address we have of you."))
    return redirect("integrity:disclosure_by_link", token)


@page(perm="accounts.signed_in", write=True)
def my_disclosure(request: HttpRequest) -> HttpResponse:
    """The same page for somebody who is signed in."""
    person: Person = request.person  # type: ignore[attr-defined]
    context = {"layout": "base.html", "occasion": None, "link_zone": Provider.current().zone}
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return _disclose(request, person, actor, Method.WEB, asked_at=disclosures.last_asked(person.pk), context=context)


def _disclose(
    request: HttpRequest,
    person: Person,
    by: Actor,
    method: Method,
    *,
    asked_at: dt.datetime | None,
    context: dict[str, Any],
) -> HttpResponse:
    latest, max_age = disclosures.latest(person.pk), disclosures.max_age()
    context |= {"discloser": person, "latest": latest, "valid_until": clock.now() + max_age}
    valid = latest is not None and clock.now() - latest.submitted_at <= max_age
    answered = latest is not None and valid and (asked_at is None or latest.submitted_at >= asked_at)
    if request.method != "POST" and answered and "update" not in request.GET:
        said = latest.relationships.select_related("company") if latest else []
        return render(request, "integrity/disclosure_thanks.html", {**context, "said": said})
    words, on_file = disclosures.wording(), disclosures.still_asked(latest) if latest else []
    data = request.POST if request.method == "POST" else None
    sheet = Sheet(data=data, words=words, on_file=on_file, name=person.full_name if latest else "")
    if sheet.is_sent and sheet.is_valid() and _send(sheet, person, method, by):
        return redirect(request.path)
    context |= {"words": words, "on_file": on_file, "sheet": sheet, "companies": access.company_names()}
    return render(request, "integrity/disclosure_form.html", context)


def _send(sheet: Sheet, person: Person, method: Method, by: Actor) -> bool:
    declared = sheet.relationships()
    answer = Answer.SOME if declared else Answer.NONE
    try:
        disclosures.submit(
            person_id=person.pk,
            answer=answer,
            relationships=declared,
            attested_name=sheet.main.cleaned_data["attested_name"],
            method=method,
            by=by,
        )
    except DomainError as error:
        sheet.main.add_domain_error(error)
        return False
    return True
