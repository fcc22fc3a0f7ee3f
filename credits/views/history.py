"""A copy of one's whole record, and of a person's for the office."""

from typing import Any

from django.contrib import messages
from django.core.files.storage import storages
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.models import Person
from common import clock
from common.errors import DomainError, Gone
from common.page import page
from credits import access
from credits.domain import history
from credits.models import RecordExport
from credits.transcript_forms import RecordReasonForm


@page(perm="accounts.signed_in", write=True)
def record(request: Any) -> HttpResponse:
    """Ask for a copy of everything we hold about oneself; those that are there."""
    if request.method == "POST":
        history.ask(person_id=request.actor.person_id, by=request.actor)
        messages.success(request, _("The copy is being made. We write to you when it is ready."))
        return redirect("credits:record")
    return render(request, "credits/record.html", _context(request, request.person))


@page(perm="accounts.office", write=True)
def record_of(request: Any, pk: int) -> HttpResponse:
    """The same of a person, for the office, with a reason."""
    person = access.person(pk)
    form = RecordReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            history.ask(person_id=person.pk, reason=form.cleaned_data["reason"], by=request.actor)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("The copy is being made. We write to you when it is ready."))
            return redirect("credits:record_of", person.pk)
    return render(request, "credits/record.html", {**_context(request, person), "form": form, "other": person})


def _context(request: Any, person: Person) -> dict[str, Any]:
    found = RecordExport.objects.filter(person=person, asked_person=request.actor.person_id)
    return {"exports": found[:10], "now": clock.now()}


@page(perm="accounts.signed_in")
def record_file(request: Any, pk: int) -> HttpResponseBase:
    """The file, for who asked for it, while it is kept."""
    row = access.own_export(request.actor, pk)
    if not row.file_key or row.file_until is None or row.file_until <= clock.now():
        raise Gone(_("This copy is not here any more"), _("It was kept for seven days. Ask for another one."))
    try:
        content = storages["private"].open(row.file_key)
    except FileNotFoundError:
        raise Gone(_("This copy is not here now"), _("Ask for another one.")) from None
    name = f"record-{row.asked_at:%Y-%m-%d}.zip"
    response = FileResponse(content, as_attachment=True, filename=name, content_type="application/zip")
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
