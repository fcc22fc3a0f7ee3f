"""The learner's transcript: the page, and the document made from it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.models import Provider
from common import clock
from common import views as answers
from common.page import page
from credits import access
from credits.domain import transcripts
from credits.forms import TranscriptFilterForm
from credits.models import TranscriptFile


@page(perm="accounts.signed_in")
def transcript(request: Any) -> HttpResponse:
    """What was earned, by year, with totals; the period is an address, so it can be kept and sent."""
    today = clock.today(Provider.current().zone)
    form = TranscriptFilterForm(request.GET or None)
    since, until = form.days(today)
    period = request.GET.get("period", "")
    found = transcripts.load(request.person, since=since, until=until)
    context = {
        "found": found, "form": form, "since": since, "until": until, "today": today,
        "is_filtered": bool(since or until), "period": period or ("days" if since or until else "all"),
    }  # fmt: skip
    return render(request, "credits/transcript.html", context)


@page(perm="accounts.signed_in", write=True)
def transcript_make(request: Any) -> HttpResponse:
    """Have the PDF made of the period on the page; days that cannot be read go back to it."""
    if request.method != "POST":
        return redirect("credits:transcript")
    form = TranscriptFilterForm(request.POST)
    if not form.is_valid():
        return redirect(f"{reverse('credits:transcript')}?{request.POST.urlencode()}")
    since, until = form.days(clock.today(Provider.current().zone))
    row = transcripts.make(person_id=request.actor.person_id, since=since, until=until, by=request.actor)
    return redirect("credits:transcript_document", row.code)


@page(perm="accounts.signed_in")
def transcript_document(request: Any, code: str) -> HttpResponse:
    """The document, or the page that waits for it; htmx asks again by itself, without it a button does."""
    row = access.own_transcript(request.actor, code)
    template = "credits/partials/_transcript_state.html" if request.htmx else "credits/transcript_document.html"
    return render(request, template, {"document": row, "says": row.snapshot})


@page(perm="accounts.signed_in")
def transcript_file(request: Any, code: str) -> HttpResponse:
    """The PDF itself."""
    row = access.own_transcript(request.actor, code)
    content = TranscriptFile.objects.filter(document=row).values_list("content", flat=True).first()
    if content is None:
        return redirect("credits:transcript_document", code)
    return answers.file_response(
        bytes(content), f"transcript-{row.code}.pdf", "application/pdf", inline="download" not in request.GET
    )
