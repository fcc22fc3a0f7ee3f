"""Phones on the profile: list one, prove it by a text message, confirm one that answered."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.domain import phones
from accounts.models import PersonAddress
from accounts.number_forms import PhoneForm
from common.actors import Actor
from common.errors import Conflict, DomainError, Gone
from common.page import page, sign_in_first


@page(perm="accounts.signed_in", write=True)
def phone_create(request: Any) -> HttpResponse:
    """List a phone; it counts once a text message proved it."""
    form = PhoneForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            row = phones.add(person_id=request.actor.person_id, number=form.cleaned_data["phone"], by=request.actor)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("%(phone)s is listed. Prove it by a text message.") % {"phone": row.value})
            return redirect("accounts:profile")
    return render(request, "accounts/profile_phone.html", {"form": form})


@page(perm="accounts.signed_in", write=True)
def phone_code(request: Any, pk: int) -> HttpResponse:
    """A button on the profile makes the code; it is shown this once."""
    if request.method != "POST":
        return redirect("accounts:profile")
    code = phones.ask_code(person_id=request.actor.person_id, address_id=pk, by=request.actor)
    row = PersonAddress.objects.get(pk=pk, person_id=request.actor.person_id)
    return render(
        request, "accounts/profile_phone_code.html", {"code": code, "phone": row, "sms_number": settings.SMS_NUMBER}
    )


@page(perm="accounts.signed_in", write=True)
def phone_confirm(request: Any, pk: int) -> HttpResponse:
    """Yes, the phone that answered with my address is mine."""
    if request.method == "POST":
        row = phones.confirm(person_id=request.actor.person_id, address_id=pk, by=request.actor)
        messages.success(request, _("%(phone)s is yours.") % {"phone": row.value})
    return redirect("accounts:profile")


@page(link=True, write=True)
def phone_by_mail(request: Any, token: str) -> HttpResponse:
    """From our e-mail: this phone is mine. A button says so; who has no account yet signs in first and comes back."""
    found = phones.read_mail_token(token)
    if found is None:
        raise Gone(_("This link is over"), _("Text your e-mail address again, and we send a new one."))
    number, email = found
    if request.method == "POST":
        by = Actor(kind="link", label=email)
        outcome = phones.pair(number=number, email=email, by=by, confirmed=True).outcome
        if outcome == "unknown_address":
            return sign_in_first(request)
        if outcome == "taken":
            raise Conflict(phones.TAKEN)
        return redirect(request.path + "?done=1")
    context = {"ending": number[-4:], "email": email, "done": "done" in request.GET, "known": phones.person_of(number)}
    return render(request, "accounts/phone_by_mail.html", context)
