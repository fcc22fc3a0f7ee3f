"""The profile: who one is, where one is reached, which e-mail one wants."""

import copy
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.domain import learner_fields, phones, profile, sign_in
from accounts.enums import OptionalMail
from accounts.forms import AddressCodeForm, AddressForm, DetailsForm, MailForm
from accounts.models import PersonAddress
from accounts.number_forms import PhoneForm
from accounts.views import joining
from common.errors import DomainError
from common.page import page

COOKIE, COOKIE_AGE = "new_address", 60 * 15
UNDO = "removed"


@page(perm="accounts.signed_in", write=True)
def profile_page(request: Any) -> HttpResponse:
    """Details, addresses, e-mail settings; POST saves the details."""
    person = request.user.person
    form = DetailsForm(
        request.POST or None, instance=copy.copy(person), reason_asked=profile.name_needs_reason(person.pk)
    )
    if request.method == "POST" and form.is_valid():
        try:
            profile.change_details(person_id=person.pk, by=request.actor, **form.cleaned_data)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(
                request, _("Your details are saved. They are used from now on; what was issued stays as it is.")
            )
            return redirect("accounts:profile")
    listed = phones.of_person(person)
    removed = (
        PersonAddress.objects.filter(person=person, pk=_number(request.GET.get(UNDO)), removed_at__isnull=False).first()
        if UNDO in request.GET
        else None
    )
    context = {
        "form": form, "addresses": profile.addresses(person), "address_form": AddressForm(), "removed": removed,
        "mail_form": MailForm(initial={kind: kind not in person.mail_off for kind in OptionalMail.values}),
        "phones": listed, "paired": phones.paired(listed), "phone_form": PhoneForm(), "sms_number": settings.SMS_NUMBER,
        "numbers": learner_fields.numbers(person), "licences": learner_fields.licences(person),
    }  # fmt: skip
    return render(request, "accounts/profile.html", context)


@page(perm="accounts.signed_in", write=True)
def address_create(request: Any) -> HttpResponse:
    """Ask for a code to a new address."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            key = profile.ask_for_address(person_id=request.actor.person_id, email=form.cleaned_data["email"])
        except DomainError as error:
            form.add_domain_error(error)
        else:
            response = redirect("accounts:address_confirm")
            response.set_signed_cookie(
                COOKIE, key, salt=COOKIE, max_age=COOKIE_AGE, httponly=True, samesite="Lax", secure=request.is_secure()
            )
            return response
    return render(request, "accounts/profile_address.html", {"form": form})


@page(perm="accounts.signed_in", write=True)
def address_confirm(request: Any) -> HttpResponse:
    """The code from the new mailbox makes the address theirs."""
    key = _key(request)
    email = sign_in.address_of(key) if key else None
    if email is None:
        return redirect("accounts:address_create")
    form = AddressCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            proved = sign_in.confirm_code(key=key, typed=form.cleaned_data["code"])
            profile.add_address(person_id=request.actor.person_id, email=proved, by=request.actor)
        except profile.BelongsToAnother as found:
            return joining.offer(request, proved, found)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("%(email)s is yours. You can sign in with it.") % {"email": proved})
            response = redirect("accounts:profile")
            response.delete_cookie(COOKIE)
            return response
    return render(request, "accounts/profile_address_confirm.html", {"form": form, "email": email})


@page(perm="accounts.signed_in", write=True)
def address_main(request: Any, pk: int) -> HttpResponse:
    """Make an address the main one."""
    if request.method == "POST":
        row = profile.make_main(person_id=request.actor.person_id, address_id=pk, by=request.actor)
        messages.success(request, _("We write to %(email)s from now on.") % {"email": row.value})
    return redirect("accounts:profile")


@page(perm="accounts.signed_in", write=True)
def address_remove(request: Any, pk: int) -> HttpResponse:
    """Remove an address; the profile offers to take it back."""
    if request.method == "POST":
        profile.remove_address(person_id=request.actor.person_id, address_id=pk, by=request.actor)
        response = redirect("accounts:profile")
        response["Location"] += f"?{UNDO}={pk}#addresses"
        return response
    return redirect("accounts:profile")


@page(perm="accounts.signed_in", write=True)
def address_restore(request: Any, pk: int) -> HttpResponse:
    """Undo the removal of an address."""
    if request.method == "POST":
        profile.restore_address(person_id=request.actor.person_id, address_id=pk, by=request.actor)
    return redirect("accounts:profile")


@page(perm="accounts.signed_in", write=True)
def mail_save(request: Any) -> HttpResponse:
    """Which e-mail the person wants."""
    if request.method == "POST":
        form = MailForm(request.POST)
        form.is_valid()
        profile.set_mail(person_id=request.actor.person_id, wanted=form.wanted(), by=request.actor)
        messages.success(request, _("Your e-mail settings are saved."))
    return redirect("accounts:profile")


def _key(request: Any) -> str:
    try:
        return str(request.get_signed_cookie(COOKIE, salt=COOKIE, max_age=COOKIE_AGE))
    except (KeyError, signing.BadSignature):
        return ""


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 18 else 0
