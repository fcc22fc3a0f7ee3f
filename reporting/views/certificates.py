"""The office's certificate desk: what could not be made, who asks for a new name, whether certificates are signed."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common import signing
from common.errors import DomainError
from credits.domain import certificates, designs, reissues
from credits.models import CertificateRun
from reporting.certificate_forms import NameChangeForm
from reporting.views.page import desk_page, show

SHOWN = 50


@desk_page()
def home(request: HttpRequest) -> HttpResponse:
    """What waits for the office, and how certificates are made."""
    stuck = certificates.stuck()
    context = {
        "title": _("Certificates"), "stuck": stuck[:SHOWN], "stuck_count": stuck.count(), "names": reissues.asked()[:SHOWN],
        "signing": signing.status(), "unsigned": certificates.unsigned().count(), "design": designs.current(), "draft": designs.draft(),
        "runs": CertificateRun.objects.select_related("activity").exclude(status="draft")[:8],
    }  # fmt: skip
    return show(request, "reporting/certificates.html", context)


@desk_page(write=True)
def again(request: HttpRequest) -> HttpResponse:
    """Try again to make certificates that could not be made: one, or all that are on the page."""
    if request.method == "POST":
        asked = request.POST.getlist("certificate")
        ids = [int(pk) for pk in asked if pk.isdecimal() and len(pk) < 19]
        tried = certificates.repeat(certificate_ids=ids, by=request.actor)  # type: ignore[attr-defined]
        said = ngettext("%(n)d certificate is tried again.", "%(n)d certificates are tried again.", tried)
        messages.success(request, said % {"n": tried})
    return redirect("certificate_desk:home")


@desk_page(write=True)
def name_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody changed their name and asks for certificates in the new one: issue the chosen ones anew, or say no."""
    change = reissues.asked().filter(pk=pk).first()
    if change is None:
        raise Http404
    found = reissues.request(change)
    form: Any = NameChangeForm(request.POST or None, rows=found.certificates)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            number = reissues.answer(
                change_id=change.pk, certificate_ids=data["certificates"], note=data["note"], by=request.actor,  # type: ignore[attr-defined]
            )  # fmt: skip
        except DomainError as error:
            form.add_domain_error(error)
        else:
            said = ngettext("%(n)d certificate is issued anew.", "%(n)d certificates are issued anew.", number)
            messages.success(request, said % {"n": number} if number else _("Answered. Nothing was issued anew."))
            return redirect("certificate_desk:home")
    return show(
        request,
        "reporting/name_change.html",
        {"title": change.new_name, "change": change, "found": found, "form": form},
    )
