"""Credit types: where every value comes from, what the rulebook leaves open, and which of them we may award (IP-2, JA-4)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from common.admin import ReasonForm
from common.errors import DomainError, NotAllowed
from credits.domain import types
from credits.models import CreditType
from reporting.type_forms import SettleForm, TermForm
from reporting.views.page import desk_page, show


@desk_page()
def home(request: HttpRequest) -> HttpResponse:
    """Every type: whether we may award it, and what it lacks."""
    kinds = types.settled()
    allowed = types.permits(kinds=kinds)
    rows = [(kind, allowed.get(kind.code), [types.LABELS[n] for n in kind.unknown]) for kind in kinds]
    return show(request, "reporting/credit_types.html", {"title": _("Credit types"), "rows": rows})


@desk_page()
def detail(request: HttpRequest, code: str) -> HttpResponse:
    """One type: each value with its source, the terms under which it is awarded."""
    kind = _kind(code)
    context = {
        "title": kind.name, "kind": kind, "values": types.values(kind), "unknown": [types.LABELS[n] for n in kind.unknown],
        "permit": types.permits().get(code), "terms": kind.terms.order_by("-starts_on", "-pk"), "may": request.actor.is_director,  # type: ignore[attr-defined]
    }  # fmt: skip
    return show(request, "reporting/credit_type.html", context)


@desk_page(write=True)
def settle(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """Write down what the accreditor says about a value that is open."""
    _director(request)
    kind = _kind(code)
    value = next((v for v in types.values(kind) if v.name == name and v.can_settle), None)
    if value is None:
        raise Http404
    form = SettleForm(request.POST or None, kind=kind, name=name)
    if request.method == "POST" and form.is_valid():
        try:
            types.settle(code=code, name=name, by=request.actor, **form.answers())  # type: ignore[attr-defined]
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("Settled. What is designated from now on follows it."))
            return redirect("type_desk:detail", code)
    text = _("What was designated and claimed keeps the value it was made with.")
    return _form(request, kind, form, f"{value.label}: {kind.name}", text, _("Settle this value"))


@desk_page(write=True)
def term(request: HttpRequest, code: str) -> HttpResponse:
    """Write down that we may award a type for a time."""
    _director(request)
    kind = _kind(code)
    form = TermForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            types.add_term(code=code, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("Written down. Activities that begin in this time can have it."))
            return redirect("type_desk:detail", code)
    return _form(request, kind, form, _("A term for %(name)s") % {"name": kind.name}, "", _("Write this term down"))


@desk_page(write=True)
def term_end(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Take a term back: nothing new is designated under it."""
    _director(request)
    kind = _kind(code)
    row = kind.terms.filter(pk=pk).first()
    if row is None:
        raise Http404
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            types.end_term(term_id=pk, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("The term is ended. What was designated under it stays."))
            return redirect("type_desk:detail", code)
    said = _("End the term %(from)s to %(to)s") % {"from": row.starts_on, "to": row.ends_on}
    text = _("Nothing new can be designated under it; what was designated stays.")
    return _form(request, kind, form, said, text, _("End this term"), danger=True)


def _kind(code: str) -> CreditType:
    found = types.settled([code])
    if not found:
        raise Http404
    return found[0]


def _director(request: HttpRequest) -> None:
    if not request.actor.is_director:  # type: ignore[attr-defined]
        raise NotAllowed("The CME director settles credit types.")


def _form(
    request: HttpRequest, kind: CreditType, form: Any, title: str, text: str, button: str, *, danger: bool = False
) -> HttpResponse:
    context = {"title": title, "kind": kind, "form": form, "text": text, "button": button, "danger": danger}
    return show(request, "reporting/credit_type_form.html", context)
