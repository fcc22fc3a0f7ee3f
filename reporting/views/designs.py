"""How certificates look: versions, the draft with its previews, putting it to use."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from common import pdf, pictures
from common import views as answers
from common.errors import Conflict, DomainError
from common.page import page
from credits.documents import design, specimens
from credits.domain import certificates
from credits.domain import designs as domain
from credits.enums import DrawingKind, TemplateStatus
from credits.models import CertificateTemplate
from reporting.certificate_forms import DesignForm, PictureForm
from reporting.views.page import desk_page, show

WIDTH = 960


@desk_page()
def designs(request: HttpRequest) -> HttpResponse:
    """All versions, the one in use first."""
    rows = CertificateTemplate.objects.annotate(used=Count("certificates"))
    context = {
        "title": _("Certificate design"), "rows": rows, "draft": next((r for r in rows if r.status == "draft"), None),
        "in_use": next((r for r in rows if r.status == "in_use"), None),
    }  # fmt: skip
    return show(request, "reporting/designs.html", context)


@desk_page(write=True)
def start(request: HttpRequest) -> HttpResponse:
    """Begin a draft, like the one in use or like another."""
    if request.method != "POST":
        return redirect("certificate_desk:designs")
    typed = request.POST.get("like", "")
    try:
        row = domain.start(like=int(typed) if typed.isdecimal() and len(typed) < 9 else None, by=request.actor)  # type: ignore[attr-defined]
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("certificate_desk:designs")
    return redirect("certificate_desk:design", row.pk)


@desk_page(write=True)
def design_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: the draft with its form, any other to look at. What is chosen is saved at once and shown below."""
    row = _row(pk)
    is_draft = row.status == TemplateStatus.DRAFT
    form = DesignForm(request.POST or None, instance=row) if is_draft else None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            row = domain.change(template_id=pk, values=form.cleaned_data, by=request.actor)  # type: ignore[attr-defined]
        except DomainError as error:
            form.add_domain_error(error)
        else:
            if not request.htmx:  # type: ignore[attr-defined]
                messages.success(request, _("Saved."))
                return redirect("certificate_desk:design", pk)
    row = _row(pk)  # as it is kept: the form wrote what was typed into its own
    context = {**_facts(row), "form": form, "pictures": _pictures(row) if is_draft else []}
    return show(request, "reporting/partials/_previews.html" if request.htmx else "reporting/design.html", context)  # type: ignore[attr-defined]


def _facts(row: CertificateTemplate) -> dict[str, Any]:
    return {
        "title": _("Certificate design, version %(n)d") % {"n": row.number}, "row": row, "is_draft": row.status == TemplateStatus.DRAFT,
        "kinds": specimens.KINDS, "digest": row.digest or design.digest(row), "problems": domain.problems(row),
    }  # fmt: skip


def _pictures(row: CertificateTemplate, bound: PictureForm | None = None) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind.value, "label": kind.label, "drawing": getattr(row, kind.value),
            "form": bound if bound is not None and bound.kind == kind else PictureForm(kind=kind),
        }
        for kind in DrawingKind
    ]  # fmt: skip


@desk_page(write=True, files=True)
def picture(request: HttpRequest, pk: int) -> HttpResponse:
    """Upload a picture into the draft, or take it out."""
    row = _row(pk)
    kind = next((k for k in DrawingKind if k.value == request.POST.get("kind")), None)
    if request.method != "POST" or kind is None:
        return redirect("certificate_desk:design", pk)
    if "remove" in request.POST:
        domain.remove_drawing(template_id=pk, kind=kind, by=request.actor)  # type: ignore[attr-defined]
        return redirect("certificate_desk:design", pk)
    form = PictureForm(request.POST, request.FILES, kind=kind)
    if form.is_valid():
        brought = form.cleaned_data[kind.value]
        try:
            domain.add_drawing(template_id=pk, kind=kind, name=brought.name, source=brought.read(), by=request.actor)  # type: ignore[attr-defined]
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("Uploaded and cleaned. The previews show it."))
            return redirect("certificate_desk:design", pk)
    context = {**_facts(row), "form": DesignForm(instance=row), "pictures": _pictures(row, form)}
    return show(request, "reporting/design.html", context)


@desk_page(write=True)
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the draft to use, after looking at it once more."""
    row = _row(pk)
    if row.status != TemplateStatus.DRAFT:
        return redirect("certificate_desk:design", pk)
    if request.method == "POST":
        try:
            domain.put_to_use(template_id=pk, digest=request.POST.get("digest", ""), by=request.actor)  # type: ignore[attr-defined]
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("certificate_desk:design_use", pk)
        messages.success(request, _("In use. Every certificate made from now on looks like this."))
        return redirect("certificate_desk:designs")
    return show(request, "reporting/design_use.html", {**_facts(row), "before": domain.current()})


@desk_page(write=True)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away, or go back from a version in use to the portal's own design."""
    row = _row(pk)
    if row.status == TemplateStatus.RETIRED:
        return redirect("certificate_desk:design", pk)
    if request.method == "POST":
        try:
            act = domain.throw_away if row.status == TemplateStatus.DRAFT else domain.retire
            act(template_id=pk, by=request.actor)  # type: ignore[attr-defined]
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Done. What was issued keeps its design."))
        return redirect("certificate_desk:designs")
    return show(request, "reporting/design_end.html", _facts(row))


@page(perm="accounts.office")  # not the admin's door, which lets nothing be kept by a browser
def preview(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """A specimen in this design, as a picture. The address names the design's digest, so a browser may keep it."""
    content = pictures.page(_specimen(pk, kind), width=WIDTH, number=specimens.PAGES.get(kind, 0))
    response = answers.file_response(content, f"design-{pk}-{kind}.png", "image/png", inline=True)
    response["Cache-Control"] = "private, max-age=86400" if request.GET.get("v") else "private, no-store"
    return response


@desk_page()
def preview_file(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The same as a PDF."""
    return answers.file_response(_specimen(pk, kind), f"design-{pk}-{kind}.pdf", "application/pdf", inline=True)


def _specimen(pk: int, kind: str) -> bytes:
    row = _row(pk)
    if kind not in specimens.KINDS:
        raise Http404
    content = design.frozen(specimens.specimen(kind), row)
    try:
        return pdf.render(
            certificates.TEMPLATE,
            design.context(content, row),
            title=_("Preview of a certificate"),
            look=design.look(row),
        )
    except pdf.PdfUnavailable as error:
        raise Conflict(str(error)) from error


def _row(pk: int) -> CertificateTemplate:
    rows = CertificateTemplate.objects.select_related("logo", "seal", "signature")
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row
