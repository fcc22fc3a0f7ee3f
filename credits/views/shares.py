"""Links for others: their owner makes, sees and ends them; anybody reads what one shows."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Person, Provider
from common import clock
from common import views as notes
from common.errors import DomainError
from common.page import page
from credits.domain import shares, transcripts
from credits.domain.transcript_filters import Filters
from credits.domain.transcripts import Transcript
from credits.models import TranscriptShare
from credits.transcript_forms import ShareForm, TranscriptFilterForm
from credits.views.transcript import page_of

FRESH, MOST = "transcript_link", 500


@page(perm="accounts.signed_in", write=True)
def transcript_shares(request: Any) -> HttpResponse:
    """What a link would show, the form that makes it, and one's links. A new link is shown once: we keep no copy."""
    filters = _filters(request)
    form = ShareForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            row, token = shares.make(
                person_id=request.actor.person_id, filters=filters, by=request.actor, **form.cleaned_data
            )
        except DomainError as error:
            form.add_domain_error(error)
        else:
            request.session[FRESH] = [row.pk, token]
            return redirect(f"{reverse('credits:transcript_shares')}?{urlencode(filters.as_query)}")
    fresh = request.session.pop(FRESH, None) if request.method == "GET" and request.actor.seen_by is None else None
    context = {
        "form": form, "found": transcripts.load(request.person, filters), "query": urlencode(filters.as_query), "links": shares.of_person(request.actor.person_id),
        "fresh_pk": fresh[0] if fresh else None, "fresh_url": _address(fresh[1]) if fresh else "",
    }  # fmt: skip
    return render(request, "credits/transcript_shares.html", context)


@page(perm="accounts.signed_in")
def transcript_share_preview(request: Any) -> HttpResponse:
    """Exactly what others would see."""
    found = transcripts.load(request.person, _filters(request))
    return render(
        request, "credits/transcript_shared.html", {**_shown(request, request.person, found), "preview": True}
    )


@page(perm="accounts.signed_in", write=True)
def transcript_share_end(request: Any, pk: int) -> HttpResponse:
    """End a link at once."""
    if request.method == "POST":
        row = shares.revoke(person_id=request.actor.person_id, share_id=pk, by=request.actor)
        messages.success(
            request, _("The link “%(label)s” is ended. Who opens it now reads that it is over.") % {"label": row.label}
        )
    return redirect("credits:transcript_shares")


@page(link=True)
def transcript_shared(request: Any, token: str) -> HttpResponse:
    """What a link shows, to whoever has it; not for search engines, and not kept by anything in between."""
    share: TranscriptShare = shares.resolve(token)
    found = transcripts.load(share.person, Filters.of_data(share.filters))
    if request.actor.person_id != share.person_id:
        notes.note(shares.OPENED, share, request.actor)
    provider = Provider.current()
    context = {"link_name": share.person.name_with_degrees, "link_until": share.expires_at, "link_zone": provider.zone}
    response = render(request, "credits/transcript_shared.html", {**_shown(request, share.person, found), **context})
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _shown(request: Any, person: Person, found: Transcript) -> dict[str, Any]:
    return {
        "found": found, "person_name": person.name_with_degrees, "specialty": person.specialty, "at": clock.now(), **page_of(request, found), "lines": found.external[:MOST],
    }  # fmt: skip


def _filters(request: Any) -> Filters:
    return TranscriptFilterForm(request.GET, today=clock.today(Provider.current().zone)).filters()


def _address(token: str) -> str:
    return f"{settings.PORTAL_BASE_URL}{reverse('credits:transcript_shared', args=[token])}"
