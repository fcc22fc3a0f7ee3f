"""The office's pages about people who stand in the records twice, inside the admin."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import access
from accounts.domain import duplicates, merging, pairs
from accounts.people_forms import FindForm, NoteForm, OfficeJoinForm
from common import clock, jobs
from common.errors import DomainError, NotAllowed
from common.page import page

PER_PAGE = 30


def office_page(*, write: bool = False) -> Callable[..., Any]:
    """A page of the admin outside of any table: the office only, by our rule and by the admin's."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        wrapped: Callable[..., HttpResponse] = page(perm="accounts.office", write=write)(admin.site.admin_view(view))
        return wrapped

    return decorate


def show(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, {**admin.site.each_context(request), **context})


@office_page()
def duplicate_list(request: HttpRequest) -> HttpResponse:
    """Pairs that may be one person, the most probable first; what was settled in the other tab."""
    tab = "settled" if request.GET.get("tab") == "settled" else "open"
    query = request.GET.get("q", "").strip()
    found = Paginator(pairs.select(tab=tab, query=query), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("People twice in the records"), "tab": tab, "page_obj": found, "rows": pairs.rows(list(found)), "form": FindForm({"q": query}),
        "query": query, "numbers": pairs.counts(), "looked_at": pairs.looked_at(),
    }  # fmt: skip
    return show(request, "accounts/office/duplicates.html", context)


@office_page(write=True)
def look_again(request: HttpRequest) -> HttpResponse:
    """Have everybody looked at now instead of tonight."""
    if request.method == "POST":
        with transaction.atomic(durable=True):
            jobs.later("accounts.tasks.find_duplicates", key=f"duplicates:{clock.now():%Y%m%d%H%M}")
        messages.success(request, _("Looking through everybody. The list is new in a minute or two."))
    return redirect("people:duplicates")


@office_page(write=True)
def compare(request: HttpRequest, kept_id: int, away_id: int) -> HttpResponse:
    """Two records side by side, field by field, with what joining them would move; POST joins them."""
    away, kept = access.pair(away_id, kept_id)
    shown = merging.preview(away, kept)
    form = OfficeJoinForm(request.POST if request.method == "POST" else None, choices=shown.choices)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            row = merging.merge(
                away_id=away.pk, kept_id=kept.pk, choices=form.chosen(), reason=reason, by=request.actor  # type: ignore[attr-defined]
            )  # fmt: skip
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_domain_error(error)
        else:
            count = row.items.count()
            messages.success(
                request,
                ngettext("The records are one. %(n)s cell moved.", "The records are one. %(n)s cells moved.", count)
                % {"n": count},
            )
            return redirect("admin:accounts_personmerge_change", row.pk)
    context = {
        "title": _("Compare two records"), "preview": shown, "form": form, "sides": pairs.sides(kept, away), "note_form": NoteForm(),
        "suggestion": pairs.of(kept, away),
    }  # fmt: skip
    return show(request, "accounts/office/compare.html", context)


@office_page(write=True)
def dismiss(request: HttpRequest, kept_id: int, away_id: int) -> HttpResponse:
    """Not the same person; remembered."""
    away, kept = access.pair(away_id, kept_id)
    if request.method != "POST":
        return redirect("people:compare", kept.pk, away.pk)
    form = NoteForm(request.POST)
    form.is_valid()
    merging.dismiss(one_id=kept.pk, other_id=away.pk, note=form.cleaned_data["note"], by=request.actor)  # type: ignore[attr-defined]
    messages.success(request, _("Remembered: two people. The pair is not suggested again."))
    return redirect("people:duplicates")


@office_page(write=True)
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Take “not the same person” back."""
    row = access.suggestion(pk)
    if request.method == "POST":
        merging.reopen(suggestion_id=row.pk, by=request.actor)  # type: ignore[attr-defined]
        messages.success(request, _("The pair is on the list again."))
    return redirect("people:compare", row.low_id, row.high_id)


@office_page()
def find_same(request: HttpRequest, pk: int) -> HttpResponse:
    """Who may be the same as one person: computed now, and a search for somebody one has in mind."""
    person = access.person(pk)
    query = request.GET.get("q", "").strip()
    context = {
        "title": person.full_name, "person_looked_at": person, "form": FindForm({"q": query}), "query": query,
        "found": pairs.search(person, query) if query else [], "alike": duplicates.for_person(person),
    }  # fmt: skip
    return show(request, "accounts/office/find_same.html", context)
