"""The learner's transcript: the page, the document made from it, what one takes away."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.domain import learner_fields
from accounts.models import Provider
from common import clock, tabular
from common import views as answers
from common.page import page
from credits import access
from credits.documents import exports
from credits.domain import requirements, runs, transcripts
from credits.domain.transcript_filters import ELSEWHERE, Filters
from credits.domain.transcripts import Transcript
from credits.models import TranscriptFile
from credits.transcript_forms import PERIODS, TranscriptFilterForm

PER_PAGE, BESIDE, YEARS = 100, 20, 6


@page(perm="accounts.signed_in")
def transcript(request: Any) -> HttpResponse:
    """What was earned, by year, with totals; what is asked for is the address, so it can be kept and sent."""
    today = clock.today(Provider.current().zone)
    form = TranscriptFilterForm(request.GET, today=today)
    found = transcripts.load(request.person, form.filters())
    form.offer(found.choices)
    context = {
        "found": found, "form": form, "today": today, "periods": _periods(found, today.year), "period": _period(request, found.filters),
        "watched": requirements.watched(request.person, found.earnings), "query": urlencode(found.filters.as_query), "chips": _chips(request, found), "removed_line": access.removed_external(request.actor, request.GET.get("removed", "")), **page_of(request, found),
    }  # fmt: skip
    return render(request, "credits/transcript.html", context)


def _period(request: Any, filters: Filters) -> str:
    return request.GET.get("period", "") or ("days" if filters.since or filters.until else "all")


def _periods(found: Transcript, this_year: int) -> list[tuple[str, Any]]:
    """The usual ones, and the latest years that have lines."""
    years = [str(year) for year in found.choices.years if year != this_year]
    return [*PERIODS, *((year, year) for year in years[:YEARS])]


def page_of(request: Any, found: Transcript) -> dict[str, Any]:
    """What one page of it shows: a hundred lines at a time, so that a life's work can be read on a phone; elsewhere the first ones."""
    alone = found.filters.source == ELSEWHERE
    shown = Paginator(found.external if alone else found.rows, PER_PAGE).get_page(request.GET.get("page"))
    lines = shown.object_list if alone else found.external[:BESIDE]
    return {
        "page_obj": shown, "years": [] if alone else transcripts.by_year(found.rows[shown.start_index() - 1 : shown.end_index()]), "lines": lines,
        "more_lines": 0 if alone else len(found.external) - len(lines),
    }  # fmt: skip


def _chips(request: Any, found: Transcript) -> list[dict[str, str]]:
    """What narrows the list besides the days, each with the address without it."""
    filters, names = found.filters, {"kind": dict(found.choices.kinds), "topic": found.topic_names}
    words = {"text": _("“%(text)s”") % {"text": filters.text}, "source": _("Earned elsewhere") if filters.source == ELSEWHERE else _("Issued by us")}  # fmt: skip
    chips = []
    for key in (key for key in ("text", "source", "kind", "topic") if key in filters.as_data):
        rest = request.GET.copy()
        for name in (key, "page"):
            rest.pop(name, None)
        value = getattr(filters, key)
        chips.append({"label": words.get(key) or names[key].get(value, value), "remove_url": f"?{rest.urlencode()}"})
    return chips


def _asked(request: Any, data: Any) -> Transcript:
    """The part that an address or a form asks for."""
    form = TranscriptFilterForm(data, today=clock.today(Provider.current().zone))
    return transcripts.load(request.person, form.filters())


@page(perm="accounts.signed_in", write=True)
def transcript_make(request: Any) -> HttpResponse:
    """Have the PDF made of what is on the page; days that cannot be read go back to it."""
    if request.method != "POST":
        return redirect("credits:transcript")
    form = TranscriptFilterForm(request.POST, today=clock.today(Provider.current().zone))
    if not form.is_valid():
        return redirect(f"{reverse('credits:transcript')}?{request.POST.urlencode()}")
    row = transcripts.make(person_id=request.actor.person_id, filters=form.filters(), by=request.actor)
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


@page(perm="accounts.signed_in")
def transcript_csv(request: Any) -> HttpResponseBase:
    """The lines on the page as a table for spreadsheets."""
    found = _asked(request, request.GET)
    return tabular.download("transcript", exports.HEAD, exports.table(found, Provider.current().name))


@page(perm="accounts.signed_in")
def transcript_json(request: Any) -> HttpResponse:
    """The same for programs."""
    text = exports.as_json(request.person, _asked(request, request.GET), clock.now())
    return answers.file_response(text.encode(), "transcript.json", "application/json")


@page(perm="accounts.signed_in", write=True)
def transcript_allow(request: Any) -> HttpResponse:
    """Allow telling the board of one line, where it is read that it was not told (MOC-2)."""
    if request.method == "POST":
        kind = request.POST.get("board", "")
        learner_fields.allow_board(person_id=request.actor.person_id, kind=kind, by=request.actor)
        messages.success(request, _("The board may be told of your credit. You can change this under your numbers."))
    return redirect("credits:transcript")


@page(perm="accounts.signed_in", write=True)
def transcript_certificates(request: Any) -> HttpResponse:
    """Have the certificates of the lines on the page put into one ZIP."""
    if request.method != "POST":
        return redirect("credits:transcript")
    claims = tuple(pk for row in _asked(request, request.POST).rows for pk in row.claim_ids)
    if not claims:
        messages.info(request, _("No line there has a certificate of ours."))
        return redirect("credits:transcript")
    run = runs.ask(kind="zip", chosen=runs.Chosen(own=claims), by=request.actor)
    runs.confirm(run_id=run.pk, total=run.total, by=request.actor)
    return redirect("credits:certificate_run", run.pk)
