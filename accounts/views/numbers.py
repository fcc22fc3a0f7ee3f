"""One's numbers: NPI, birthday, licences, board and registry ids (LRN-2 to LRN-5)."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.domain import learner_fields
from accounts.enums import NumberKind
from accounts.models import Licence
from accounts.number_forms import LicenceForm, NumbersForm
from common.errors import DomainError
from common.page import page

UNDO = "removed"


@page(perm="accounts.signed_in", write=True)
def numbers_page(request: Any) -> HttpResponse:
    """All of them on one page; ?add= shows the field of another board or registry."""
    adding = request.POST.getlist("add") or request.GET.getlist("add")
    person = request.user.person
    form = NumbersForm(
        request.POST if request.method == "POST" else None,
        person=person,
        kinds=[k for k in adding if k in NumberKind.values],
    )
    if request.method == "POST" and form.is_valid() and form.save(by=request.actor):
        messages.success(request, _("Your numbers are saved."))
        return redirect("accounts:numbers")
    return _page(request, form, LicenceForm(prefix="licence"), adding)


@page(perm="accounts.signed_in", write=True)
def licence_create(request: Any) -> HttpResponse:
    """Add a state license."""
    person = request.user.person
    form = LicenceForm(request.POST if request.method == "POST" else None, prefix="licence")
    if request.method == "POST" and form.is_valid():
        try:
            learner_fields.save(person_id=person.pk, values={"licence": form.cleaned_data}, by=request.actor)
        except DomainError as error:
            form.add_error("number", str(error))
        else:
            messages.success(request, _("The license is on your list."))
            return redirect("accounts:numbers")
    return _page(request, NumbersForm(person=person), form, [])


@page(perm="accounts.signed_in", write=True)
def licence_change(request: Any, pk: int) -> HttpResponse:
    """Remove a license, take that back, or say whether its board may be told."""
    if request.method != "POST":
        return redirect("accounts:numbers")
    verb, who = request.POST.get("verb"), {"person_id": request.actor.person_id, "by": request.actor}
    if verb == "report":
        learner_fields.allow_report(licence_id=pk, allowed="allowed" in request.POST, **who)
        messages.success(request, _("Saved."))
    elif verb == "restore":
        learner_fields.restore_licence(licence_id=pk, **who)
    else:
        learner_fields.remove_licence(licence_id=pk, **who)
        return redirect(f"{reverse('accounts:numbers')}?{UNDO}={pk}#licences")
    return redirect(reverse("accounts:numbers") + "#licences")


def _page(request: Any, form: NumbersForm, licence_form: LicenceForm, adding: list[str]) -> HttpResponse:
    person = request.user.person
    removed = request.GET.get(UNDO, "")
    gone = (
        Licence.objects.filter(person=person, removed_at__isnull=False, pk=int(removed))
        if removed.isdecimal()
        else None
    )
    more = [(k, NumberKind(k).label) for k in NumberKind.values if k != NumberKind.NPI and k not in form.kinds]
    context = {
        "form": form, "licence_form": licence_form, "licences": learner_fields.licences(person), "more": more,
        "adding": [k for k in adding if k in NumberKind.values], "removed": gone.first() if gone else None,
    }  # fmt: skip
    return render(request, "accounts/numbers.html", context)
