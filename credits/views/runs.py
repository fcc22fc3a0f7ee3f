"""Many certificates at once: choose whose, see how many, confirm, watch, download."""

from typing import Any

from django.contrib import messages
from django.core.files.storage import storages
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from activities import access as activity_access
from activities.models import Activity
from common import clock, signing
from common.errors import DomainError, Gone
from common.page import page
from common.views import posted_number
from credits import access
from credits.domain import runs
from credits.models import CertificateRun
from credits.run_forms import RunForm

RECENT, TROUBLED = 10, 20


@page(perm="accounts.signed_in", write=True)
def certificate_runs_of(request: Any, number: str) -> HttpResponse:
    """Certificates of an activity: for its planners and the office."""
    return _ask(request, activity_access.plan(request.actor, number))


@page(perm="accounts.office", write=True)
def certificate_runs(request: Any) -> HttpResponse:
    """Certificates of all activities, by day: for the office."""
    return _ask(request, None)


def _ask(request: Any, activity: Activity | None) -> HttpResponse:
    form = RunForm(request.POST if request.method == "POST" else None, activity=activity)
    if request.method == "POST" and form.is_valid():
        try:
            run = runs.ask(
                kind=form.cleaned_data["kind"], chosen=form.chosen(), again=form.cleaned_data["again"], by=request.actor
            )
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return redirect("credits:certificate_run", pk=run.pk)
    found = CertificateRun.objects.select_related("activity").exclude(status="draft")
    # Not what learners make of their own transcript. Most runs lack the key, and NOT (NULL = true) would drop them.
    found = found.exclude(chosen__has_key="own")
    found = found.filter(activity=activity) if activity else found
    context = {
        "form": form, "activity": activity, "recent": found[:RECENT], "facts": runs.facts(runs.Chosen(activity)) if activity else None,
        "signing": signing.status(), "is_office": request.actor.is_office,
    }  # fmt: skip
    return render(request, "credits/certificate_runs.html", context)


@page(perm="accounts.signed_in", write=True)
def certificate_run(request: Any, pk: int) -> HttpResponse:
    """One piece of work: what it would do, how far it is, what came of it."""
    run = access.certificate_run(request.actor, pk)
    if request.method == "POST":
        _act(request, run)
        return redirect("credits:certificate_run", pk=pk)
    context: dict[str, Any] = {
        "run": run, "activity": run.activity, "now": clock.now(), "trouble": runs.trouble(run),
        "left_out": run.items.filter(status__in=["skipped", "failed"]).select_related("claim__person", "certificate")[:TROUBLED],
    }  # fmt: skip
    if run.status == "draft":
        counted = runs.count(run)
        context |= {
            "counted": counted,
            "letter": runs.letter(counted.sample) if counted.sample else None,
            "signing": signing.status(),
        }
    template = "credits/partials/_run_state.html" if request.htmx else "credits/certificate_run.html"
    return render(request, template, context)


def _act(request: Any, run: CertificateRun) -> None:
    verb = request.POST.get("verb", "")
    if verb == "confirm":
        runs.confirm(run_id=run.pk, total=posted_number(request, "total"), by=request.actor)
    elif verb == "stop":
        runs.stop(run_id=run.pk, by=request.actor)
        messages.success(request, _("Stopped. What was done stays done."))
    elif verb == "resume":
        runs.resume(run_id=run.pk, by=request.actor)


@page(perm="accounts.signed_in")
def certificate_run_file(request: Any, pk: int) -> HttpResponseBase:
    """The file of a run, streamed, while it is kept."""
    run = access.certificate_run(request.actor, pk)
    if not run.file_key:
        raise Gone(
            _("This file is not here any more"), _("It is kept for seven days. Make it again; the certificates stay.")
        )
    try:
        content = storages["private"].open(run.file_key)
    except FileNotFoundError:
        raise Gone(_("This file is not here now"), _("Make it again; the certificates stay.")) from None
    kind = "application/zip" if run.kind == "zip" else "application/pdf"
    response = FileResponse(content, as_attachment=True, filename=run.file_name, content_type=kind)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
