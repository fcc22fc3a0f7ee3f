"""Claims that the record no longer supports: the office answers each (law 1: a claim is never changed by itself)."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from common.errors import DomainError
from credits.adjust_forms import KeepForm
from credits.domain import support
from reporting.views.page import desk_page, show

PER_PAGE = 25


@desk_page(write=True)
def home(request: HttpRequest) -> HttpResponse:
    """Each line with what is claimed and what the record supports now; it stands, is changed, or is withdrawn."""
    bound = KeepForm(request.POST or None)
    if request.method == "POST" and bound.is_valid():
        data = bound.cleaned_data
        try:
            support.keep(line_id=data["line"], supported=data["supported"], reason=data["reason"], by=request.actor)  # type: ignore[attr-defined]
        except DomainError as error:
            bound.add_domain_error(error)
        else:
            messages.success(request, _("It stands. Your reason is in the record."))
            return redirect("claim_desk:home")
    found = Paginator(support.open_lines(), PER_PAGE).get_page(request.GET.get("page"))
    rows = [(weak, _form(weak, bound)) for weak in found]
    return show(request, "reporting/weak_claims.html", {"title": _("Claims to look at"), "rows": rows, "page_obj": found, "bound": bound})  # fmt: skip


def _form(weak: support.Weak, bound: KeepForm) -> KeepForm:
    """The form of one line, or the one that was refused, as it was sent."""
    if bound.is_bound and bound.errors and bound.data.get("line") == str(weak.line.pk):
        return bound
    form = KeepForm(initial={"line": weak.line.pk, "supported": weak.supported})
    form.auto_id = f"k{weak.line.pk}_%s"
    return form
