"""Credit of former systems from files, for the office: the pages of every list, and what the names of types mean."""

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from activities import access as lists
from activities.domain.imports import pages
from activities.enums import ImportStatus
from activities.views import imports as steps
from common import clock, tabular, uploads
from common.errors import DomainError
from common.page import page
from credits import access
from credits.domain import former_lists
from credits.former_forms import FormerUploadForm, TypeNamesForm

TEMPLATE = ("E-mail", "First name", "Last name", "NPI", "Activity title", "Provider", "Credit type", "Credits", "Completion date", "Format", "Certificate number")  # fmt: skip


@page(perm="accounts.office", write=True, files=True)
def home(request: Any) -> HttpResponse:
    """The lists that were brought, and a new one."""
    form = FormerUploadForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            brought = former_lists.start(origin=data["origin"], upload=data["file"], by=request.actor)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return steps.arrived(request, brought)
    context = {"form": form, "imports": former_lists.of_office()}
    return render(request, "credits/former_list.html", context, status=422 if form.errors else 200)


@page(perm="accounts.office")
def template(request: Any) -> HttpResponseBase:
    """A list to fill in, with one row that shows how."""
    row: list[tabular.Value] = [
        "example@example.org", "Elena", "Example", "", "Sepsis update", "Example Medical Society", "AMA PRA Category 1", "1.50", clock.now().date(), "Live", "A-1001",
    ]  # fmt: skip
    return tabular.download("former-credit", list(TEMPLATE), [row], kind=request.GET.get("as", "csv"))


@page(perm="accounts.office", write=True)
def detail(request: Any, pk: int) -> HttpResponse:
    """A list as it stands."""
    batch = access.former_list(pk)
    asks = batch.status == ImportStatus.PREVIEWED and request.method == "GET"
    unknown = len(former_lists.unknown_types(batch)) if asks else 0
    return steps.detail(request, batch, unknown_types=unknown)


@page(perm="accounts.office", write=True)
def columns(request: Any, pk: int) -> HttpResponse:
    """What each column holds."""
    return steps.columns(request, access.former_list(pk))


@page(perm="accounts.office", write=True)
def types(request: Any, pk: int) -> HttpResponse:
    """What the names of types mean that nobody said yet; then the list is read again."""
    batch = access.former_list(pk)
    unknown = former_lists.unknown_types(batch) if batch.status == ImportStatus.PREVIEWED else []
    if not unknown:
        return redirect("former:detail", pk)
    form = TypeNamesForm(request.POST if request.method == "POST" else None, unknown=unknown)
    if request.method == "POST" and form.is_valid():
        former_lists.name_types(batch_id=pk, said=form.said(), by=request.actor)
        return redirect("former:detail", pk)
    context = {**pages.context(batch), "form": form}
    return render(request, "credits/former_types.html", context, status=422 if form.errors else 200)


@page(perm="accounts.office", write=True)
def row(request: Any, pk: int, row_pk: int) -> HttpResponse:
    """One row as the file has it, and whose it is."""
    batch = access.former_list(pk)
    return steps.whose(request, batch, lists.import_row(batch, row_pk))


@page(perm="accounts.office", write=True)
def confirm(request: Any, pk: int) -> HttpResponse:
    """Exactly what will be written, and the button that does it."""
    return steps.confirm(request, access.former_list(pk))


@page(perm="accounts.office", write=True)
def undo(request: Any, pk: int) -> HttpResponse:
    """Take everything back that a list put on record."""
    return steps.undo(request, access.former_list(pk))


@page(perm="accounts.office")
def download(request: Any, pk: int) -> HttpResponseBase:
    """The rows that need somebody, with the reason."""
    return steps.download(request, access.former_list(pk))


@page(perm="accounts.office")
def file(request: Any, pk: int) -> HttpResponseBase:
    """The file as it was brought."""
    return uploads.response(access.former_list(pk).file)
