"""Attendance from files: bring one, say its columns, look at every row, confirm, undo. Each step is a page of its own."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities import access
from activities.domain import activity_page, roster
from activities.domain.imports import attendance, batches, kinds, pages, writing
from activities.enums import CLAIMABLE, IMPORT_UNDER_WAY, ImportStatus
from activities.forms.imports import ColumnsForm, TableForm, UndoForm, UploadForm, WhoseForm
from activities.models import ImportBatch, ImportRow
from common import tabular, uploads
from common.errors import Conflict, DomainError
from common.page import page
from common.templatetags.cme import local

PER_PAGE = 50
BEGUN = frozenset({ImportStatus.WRITING, ImportStatus.CONFIRMED, ImportStatus.UNDOING, ImportStatus.UNDONE})


@page(perm="accounts.signed_in", write=True, files=True)
def import_list(request: Any, number: str) -> HttpResponse:
    """The imports of an activity, and a new one."""
    activity = access.plan(request.actor, number)
    bound = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(*bound, activity=activity, initial={"session": request.GET.get("session", "")})
    if request.method == "POST" and form.is_valid():
        try:
            brought = batches.start_import(
                activity_id=activity.pk,
                session_id=form.cleaned_data["session"],
                upload=form.cleaned_data["file"],
                by=request.actor,
            )
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return arrived(request, brought)
    context = {
        "activity": activity,
        "form": form,
        "imports": pages.of_activity(activity),
        "may_import": activity.status in CLAIMABLE,
    }
    return render(request, "activities/import_list.html", context, status=422 if form.errors else 200)


def arrived(request: Any, brought: batches.Brought) -> HttpResponse:
    """To the list that was brought, with a word when it was brought before."""
    batch, zone = brought.batch, kinds.of(brought.batch).zone(brought.batch)
    if not brought.is_new:
        if batch.confirmed_at:
            text = _("This file was imported on %(at)s by %(who)s. Nothing new was recorded.") % {
                "at": local(batch.confirmed_at, zone), "who": batch.confirmed_by,
            }  # fmt: skip
        else:
            text = _("This file was brought on %(at)s by %(who)s. Here it is.") % {
                "at": local(batch.uploaded_at, zone), "who": batch.uploaded_by,
            }  # fmt: skip
        messages.info(request, text)
    return redirect(kinds.of(batch).url(batch))


@page(perm="accounts.signed_in")
def import_template(request: Any, number: str) -> HttpResponseBase:
    """A list to fill in, with one row that shows how."""
    head, body = pages.template(access.plan(request.actor, number))
    return tabular.download("attendance-list", head, body, kind=request.GET.get("as", "csv"))


@page(perm="accounts.signed_in", write=True)
def import_detail(request: Any, number: str, pk: int) -> HttpResponse:
    """An import as it stands: columns to say, a job at work, rows to look at, or what went on record."""
    return detail(request, access.plan_import(request.actor, number, pk))


def detail(request: Any, batch: ImportBatch, **more: Any) -> HttpResponse:
    if request.method == "POST":
        return _act(request, batch)
    if batch.status == ImportStatus.PARSED:
        return redirect(f"{kinds.of(batch).url(batch)}columns/")
    if batch.status in IMPORT_UNDER_WAY:
        template = "activities/partials/_import_progress.html" if request.htmx else "activities/import_progress.html"
        return render(request, template, {**pages.context(batch), "progress": pages.progress(batch)})
    if request.htmx and "poll" in request.GET:
        return HttpResponse(status=204, headers={"HX-Redirect": request.path})
    return render(
        request, "activities/import_detail.html", {**_rows(request, batch), **_result(request, batch), **more}
    )


def _rows(request: Any, batch: ImportBatch) -> dict[str, Any]:
    """The rows of one tab, a page at a time. The counts are kept, so that nobody counts 100,000 rows for a page."""
    verdict, query = request.GET.get("show", ""), request.GET.get("q", "")[:100]
    tabs = pages.tabs(batch)
    current = next((t for t in tabs if t.key == verdict), tabs[0])
    found = batches.find_rows(batch, verdict=current.key, query=query).select_related("session")
    page_obj = (Paginator if query else _counted(current.count))(found, PER_PAGE).get_page(request.GET.get("page"))
    shown = batches.shown(batch, page_obj.object_list)
    return {
        **pages.context(batch), "tabs": tabs, "show": current.key, "query": query, "page_obj": page_obj, "rows": shown,
        "asks": batch.status == ImportStatus.PREVIEWED and any(r.choices for r in shown),
        "open": batch.status == ImportStatus.PREVIEWED and _takes_rows(batch),
    }  # fmt: skip


def _takes_rows(batch: ImportBatch) -> bool:
    return batch.activity is None or batch.activity.status in CLAIMABLE


def _counted(count: int) -> type[Paginator]:
    class Counted(Paginator):
        @cached_property
        def count(self) -> int:
            return count

    return Counted


def _result(request: Any, batch: ImportBatch) -> dict[str, Any]:
    """What was, or would be, written; blocks of other apps about it once it is on record."""
    begun = batch.status in BEGUN
    found = activity_page.panels("import", batch, request.actor) if begun and batch.activity else []
    return {
        "sums": kinds.of(batch).sums(batch), "begun": begun, "panels": [render_to_string(p.template, p.context, request) for p in found],
        "outside": pages.outside(batch) if batch.status == ImportStatus.PREVIEWED else 0, "corrected": kinds.of(batch).corrected(batch) if begun else 0,
    }  # fmt: skip


def _act(request: Any, batch: ImportBatch) -> HttpResponse:
    """The buttons of the page: settle rows, stop reading, throw the list away, read it again."""
    action = request.POST.get("action", "")
    if action == "stop":
        batches.stop_reading(batch_id=batch.pk, by=request.actor)
        return redirect(kinds.of(batch).url(batch))
    if action == "discard":
        batches.discard_import(batch_id=batch.pk, by=request.actor)
        messages.success(request, _("The list is thrown away. Nothing of it was recorded."))
        return redirect(kinds.of(batch).home(batch))
    if action == "again":
        again = batches.start_again(batch_id=batch.pk, by=request.actor)
        return redirect(kinds.of(again).url(again))
    if action != "settle":
        raise DomainError(_("That button is out of date. Reload the page."))
    choices = {
        int(key[1:]): value
        for key, value in request.POST.items()
        if key[:1] == "w" and key[1:].isdecimal() and len(key) < 18 and value
    }
    if not choices:
        raise Conflict(_("Choose whose rows they are, then save."))
    n = batches.settle_rows(batch_id=batch.pk, choices=choices, by=request.actor)
    messages.success(request, ngettext("%(n)d row is settled.", "%(n)d rows are settled.", n) % {"n": n})
    return redirect(request.get_full_path())


@page(perm="accounts.signed_in", write=True)
def import_columns(request: Any, number: str, pk: int) -> HttpResponse:
    """What each column holds; the job then reads every row for the preview."""
    return columns(request, access.plan_import(request.actor, number, pk))


def columns(request: Any, batch: ImportBatch) -> HttpResponse:
    if batch.status not in {ImportStatus.PARSED, ImportStatus.PREVIEWED, ImportStatus.REFUSED}:
        return redirect(kinds.of(batch).url(batch))
    action = request.POST.get("action", "")
    form = ColumnsForm(request.POST if action == "read" else None, batch=batch, usual=attendance.usual_minimum())
    table = TableForm(request.POST if action == "table" else None, batch=batch, prefix="table")
    if request.method == "POST" and _say_columns(request, batch, action, form, table):
        return redirect(kinds.of(batch).url(batch))
    context = {**pages.context(batch), "form": form, "table": table, "remembered": pages.remembered(batch)}
    return render(request, "activities/import_columns.html", context, status=422 if form.errors else 200)


def _say_columns(request: Any, batch: ImportBatch, action: str, form: ColumnsForm, table: TableForm) -> bool:
    sent: Any = {"read": form, "table": table}.get(action)
    if sent is None:
        raise DomainError(_("That button is out of date. Reload the page."))
    if not sent.is_valid():
        return False
    try:
        if action == "read":
            batches.read_import(batch_id=batch.pk, by=request.actor, **form.said())
        else:
            data = table.cleaned_data
            batches.look_elsewhere(batch_id=batch.pk, row=data["row"], sheet=data.get("sheet", ""), by=request.actor)
    except DomainError as error:
        if error.status != 400:
            raise
        sent.add_domain_error(error)
        return False
    return True


@page(perm="accounts.signed_in", write=True)
def import_row(request: Any, number: str, pk: int, row_pk: int) -> HttpResponse:
    """One row as the file has it, and whose it is."""
    batch = access.plan_import(request.actor, number, pk)
    return whose(request, batch, access.import_row(batch, row_pk))


def whose(request: Any, batch: ImportBatch, row: ImportRow) -> HttpResponse:
    query = request.POST.get("q") or request.GET.get("q", "")
    found = roster.people_like(query, batch.activity)
    shown = batches.shown(batch, [row])[0]
    form = WhoseForm(request.POST if request.method == "POST" else None, choices=shown.choices, found=found)
    if request.method == "POST" and form.is_valid():
        batches.settle_rows(batch_id=batch.pk, choices={row.pk: form.cleaned_data["choice"]}, by=request.actor)
        messages.success(request, _("Row %(n)s is settled.") % {"n": row.number})
        return redirect(kinds.of(batch).url(batch))
    open_ = batch.status == ImportStatus.PREVIEWED and batches.can_settle(row)
    context = {
        **pages.context(batch),
        "row": row,
        "shown": shown,
        "form": form,
        "query": query,
        "found": found,
        "open": open_,
        "pairs": _pairs(batch, row),
        "shortest": roster.SHORTEST,
    }
    return render(request, "activities/import_row.html", context, status=422 if form.errors else 200)


def _pairs(batch: ImportBatch, row: ImportRow) -> list[tuple[str, str]]:
    """Heading and cell."""
    headings = batches.headings(batch)
    return [(headings[n] if n < len(headings) else f"#{n + 1}", cell) for n, cell in enumerate(row.cells) if cell]


@page(perm="accounts.signed_in", write=True)
def import_confirm(request: Any, number: str, pk: int) -> HttpResponse:
    """Exactly what will be written, and the button that does it."""
    return confirm(request, access.plan_import(request.actor, number, pk))


def confirm(request: Any, batch: ImportBatch) -> HttpResponse:
    if batch.status != ImportStatus.PREVIEWED:
        return redirect(kinds.of(batch).url(batch))
    if request.method == "POST":
        seen = request.POST.get("seen", "")
        writing.confirm_import(
            batch_id=batch.pk, seen=int(seen) if seen.isdecimal() and len(seen) < 10 else 0, by=request.actor
        )
        return redirect(kinds.of(batch).url(batch))
    return render(
        request,
        "activities/import_confirm.html",
        {**pages.context(batch), "sums": kinds.of(batch).sums(batch), "tabs": pages.tabs(batch)[1:]},
    )


@page(perm="accounts.signed_in", write=True)
def import_undo(request: Any, number: str, pk: int) -> HttpResponse:
    """Take everything back that an import put on record."""
    return undo(request, access.plan_import(request.actor, number, pk))


def undo(request: Any, batch: ImportBatch) -> HttpResponse:
    if batch.status != ImportStatus.CONFIRMED:
        return redirect(kinds.of(batch).url(batch))
    form = UndoForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        writing.undo_import(batch_id=batch.pk, reason=form.cleaned_data["reason"], by=request.actor)
        return redirect(kinds.of(batch).url(batch))
    found = activity_page.panels("import", batch, request.actor) if batch.activity else []
    context = {
        **pages.context(batch), "form": form, "sums": kinds.of(batch).sums(batch), "corrected": kinds.of(batch).corrected(batch),
        "panels": [render_to_string(p.template, p.context, request) for p in found],
    }  # fmt: skip
    return render(request, "activities/import_undo.html", context, status=422 if form.errors else 200)


@page(perm="accounts.signed_in")
def import_download(request: Any, number: str, pk: int) -> HttpResponseBase:
    """The rows that need somebody, with the reason, to put right and bring again; `show` names another verdict."""
    return download(request, access.plan_import(request.actor, number, pk))


def download(request: Any, batch: ImportBatch) -> HttpResponseBase:
    head, body = pages.wrong_rows(batch, request.GET.get("show", ""))
    return tabular.download(
        f"rows-of-{batch.file.name.rpartition('.')[0]}", head, body, kind=request.GET.get("as", "csv")
    )


@page(perm="accounts.signed_in")
def import_file(request: Any, number: str, pk: int) -> HttpResponseBase:
    """The file as it was brought."""
    return uploads.response(access.plan_import(request.actor, number, pk).file)
