"""Credit from elsewhere: its owner adds, changes, removes it and opens the proof."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from common import uploads
from common.errors import DomainError
from common.page import page
from credits import access
from credits.domain import external
from credits.domain.external import External
from credits.models import Topic
from credits.transcript_forms import ExternalForm


@page(perm="accounts.signed_in", write=True, files=True)
def external_add(request: Any) -> HttpResponse:
    """Enter a line, with its proof."""
    form = _form(request)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            row = external.add(
                person_id=request.actor.person_id, said=form.said(), proof=data["proof"], form_key=form.key(), by=request.actor,
            )  # fmt: skip
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(
                request, _("“%(title)s” is on your transcript, under “Earned elsewhere”.") % {"title": row.title}
            )
            return redirect("credits:transcript")
    return render(request, "credits/external.html", {"form": form})


@page(perm="accounts.signed_in", write=True, files=True)
def external_change(request: Any, pk: int) -> HttpResponse:
    """Write a line anew, or give it another proof."""
    line = access.own_external(request.actor, pk)
    form = _form(request, line)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            external.change(
                person_id=request.actor.person_id, external_id=pk, said=form.said(), proof=data["proof"], drop_proof=data.get("drop_proof", False), by=request.actor,
            )  # fmt: skip
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("Saved."))
            return redirect("credits:transcript")
    return render(request, "credits/external.html", {"form": form, "line": line})


@page(perm="accounts.signed_in", write=True)
def external_remove(request: Any, pk: int) -> HttpResponse:
    """Take a line off; a bar on the transcript takes that back."""
    if request.method != "POST":
        access.own_external(request.actor, pk)
        return redirect("credits:external_change", pk)
    external.remove(person_id=request.actor.person_id, external_id=pk, by=request.actor)
    return redirect(f"{reverse('credits:transcript')}?removed={pk}")


@page(perm="accounts.signed_in", write=True)
def external_restore(request: Any, pk: int) -> HttpResponse:
    """Take a removal back."""
    if request.method == "POST":
        external.restore(person_id=request.actor.person_id, external_id=pk, by=request.actor)
    return redirect("credits:transcript")


@page(perm="accounts.signed_in")
def external_proof(request: Any, pk: int) -> HttpResponseBase:
    """The proof as a download, for who gave it."""
    line = access.own_external(request.actor, pk)
    if line.proof is None:
        raise Http404
    return uploads.response(line.proof)


def _form(request: Any, line: External | None = None) -> ExternalForm:
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    topics = list(Topic.objects.values_list("pk", "name"))
    return ExternalForm(*data, kinds=external.kinds(), topics=topics, line=line)
