"""Credit to report: what boards and registries have to be told, by when, and what became of it (MOC-2)."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from accounts.models import Provider
from common import audit, tabular
from common.errors import DomainError, Invalid, NotAllowed
from reporting.domain import due, ledger
from reporting.models import CreditReport
from reporting.report_forms import MarkForm, ReportFilterForm
from reporting.views.page import desk_page, show

PER_PAGE, NAMED = 100, 12
# Per state: what can be done to its lines, the word on the button and its look.
_VERBS = {
    "to_send": (("send", _l("Mark as sent"), "primary"),),
    "sent": (("accept", _l("Mark as accepted"), "primary"), ("reject", _l("Mark as sent back"), "secondary"), ("unsend", _l("Not sent after all"), "link")),
    "rejected": (("again", _l("To be sent again"), "primary"), ("reopen", _l("Not sent back after all"), "link")),
    "accepted": (("reopen", _l("Not accepted after all"), "link"),),
}  # fmt: skip
_QUESTION = {
    "send": _l("Mark as sent"), "accept": _l("Mark as accepted"), "reject": _l("Mark as sent back"), "again": _l("Put among what is to be sent"),
    "unsend": _l("Not sent after all"), "reopen": _l("No such answer after all"),
}  # fmt: skip
_SAID = {
    "send": ("%(n)d line is marked as sent.", "%(n)d lines are marked as sent."),
    "accept": ("%(n)d line is marked as accepted.", "%(n)d lines are marked as accepted."),
    "reject": ("%(n)d line is marked as sent back.", "%(n)d lines are marked as sent back."),
    "again": ("%(n)d line is to be sent again.", "%(n)d lines are to be sent again."),
    "unsend": ("%(n)d line is to be sent once more.", "%(n)d lines are to be sent once more."),
    "reopen": ("%(n)d line waits for an answer again.", "%(n)d lines wait for an answer again."),
}


@desk_page()
def home(request: HttpRequest) -> HttpResponse:
    """The lines of one state, the most pressing first; several are chosen and marked on the next page."""
    on = due.today()
    form = ReportFilterForm(request.GET, bodies=due.bodies())
    filters, numbers = form.filters(), due.counts(on)
    found = Paginator(due.select(filters, on), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("Credit to report"), "form": form, "state": filters.state, "tabs": [(s, _tab(s), numbers[s]) for s in due.STATES],
        "overdue": numbers["overdue"], "page_obj": found, "rows": [(row, due.state_of(row, on), (row.due_on - on).days, (on - row.due_on).days) for row in found],
        "filtered": bool(filters.q or filters.body or filters.due), "verbs": _VERBS.get(filters.state, ()), "page_ids": ",".join(str(row.pk) for row in found),
    }  # fmt: skip
    return show(request, "reporting/reports.html", context)


@desk_page(write=True)
def mark(request: HttpRequest) -> HttpResponse:
    """How many are marked as what, with the day and the words; then it is done, to all of them or to none."""
    verb = request.POST.get("verb", "")
    ids = _chosen(request)
    if verb not in _SAID or not ids:
        if request.method == "POST":
            messages.error(request, _("Choose at least one line."))
        return redirect("report_desk:home")
    rows = list(CreditReport.objects.filter(pk__in=ids).select_related("total__claim__person").order_by("body", "pk"))
    sure = "sure" in request.POST
    form = MarkForm(request.POST if sure else None, verb=verb, initial={"on": due.today()})
    if sure and form.is_valid():
        try:
            done = ledger.mark(verb=verb, report_ids=ids, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, ngettext(*_SAID[verb], done) % {"n": done})
            return redirect("report_desk:home")
    context = {
        "title": _QUESTION[verb], "verb": verb, "form": form, "ids": [row.pk for row in rows], "count": len(rows), "named": rows[:NAMED],
        "more": max(0, len(rows) - NAMED), "danger": verb in {"reject", "unsend", "reopen"},
    }  # fmt: skip
    return show(request, "reporting/report_mark.html", context)


@desk_page(write=True)
def export(request: HttpRequest) -> HttpResponseBase:
    """What may be told now, as a working list; who took it away is in the record."""
    if request.method != "POST":
        return redirect("report_desk:home")
    on = due.today()
    form = ReportFilterForm(request.POST, bodies=due.bodies())
    filters = form.filters()
    if filters.state != "to_send":
        raise Invalid(_("A list is made of what is to be sent."))
    rows = list(due.select(filters, on))
    with transaction.atomic(durable=True):
        audit.record("credit_list_taken", by=request.actor, subject=Provider.current(), new={"reports": [row.pk for row in rows]})  # type: ignore[attr-defined]  # fmt: skip
    return tabular.download(f"working-list-{on}", due.HEAD, due.table(rows))


def _chosen(request: HttpRequest) -> list[int]:
    """The lines that were ticked, or all of the page."""
    said = request.POST.get("page_ids", "").split(",") if "all" in request.POST else request.POST.getlist("reports")
    return list(dict.fromkeys(int(pk) for pk in said if pk.isdecimal() and len(pk) < 19))


def _tab(state: str) -> str:
    return {
        "to_send": _("To send"), "withheld": _("Not allowed"), "sent": _("Sent, no answer"), "rejected": _("Sent back"), "accepted": _("Accepted"),
        "dropped": _("Not needed"),
    }[state]  # fmt: skip
