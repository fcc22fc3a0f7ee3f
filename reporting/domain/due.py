"""Reading the ledger: the office's list, what is overdue, and what a transcript says of a line."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Provider
from common import clock
from common.findings import Finding
from credits.domain.reports import Report
from reporting.enums import ReportAction, ReportStatus
from reporting.models import CreditReport, CreditReportQuerySet

RULE = "MOC-2"  # credit is told within so many days
SOON = dt.timedelta(days=7)
STATES = ("to_send", "withheld", "sent", "rejected", "accepted", "dropped")
_READY = Q(status=ReportStatus.TO_SEND, may_be_told=True)
_OF_STATE = {
    "to_send": _READY,
    "withheld": Q(status=ReportStatus.TO_SEND, may_be_told=False),
    **{state: Q(status=state) for state in ("sent", "rejected", "accepted", "dropped")},
}


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to. `due` is "overdue", "soon" or empty."""

    state: str = "to_send"
    body: str = ""
    due: str = ""
    q: str = ""


def today() -> dt.date:
    return clock.today(Provider.current().zone)


def select(filters: Filters, on: dt.date) -> CreditReportQuerySet:
    """The lines of the list, the most pressing first."""
    rows = CreditReport.objects.with_numbers().filter(_OF_STATE[filters.state])
    if filters.body:
        rows = rows.filter(body=filters.body)
    if filters.due:
        rows = rows.filter(due_on__lt=on) if filters.due == "overdue" else rows.filter(due_on__lte=on + SOON)
    for word in filters.q.split():
        person = "total__claim__person__"
        rows = rows.filter(
            Q(**{f"{person}given_name__icontains": word}) | Q(**{f"{person}family_name__icontains": word})
            | Q(total__claim__activity__title__icontains=word) | Q(total__claim__activity__number=word) | Q(reference__icontains=word)
        )  # fmt: skip
    rows = rows.select_related(
        "total__claim__person", "total__claim__activity", "total__credit_type", "total__designation"
    )
    order = {"to_send": "due_on", "withheld": "due_on", "sent": "sent_on", "rejected": "answered_on"}.get(filters.state)
    ordered: CreditReportQuerySet = rows.order_by(order, "pk") if order else rows.order_by(F("answered_on").desc(nulls_last=True), "-pk")  # fmt: skip
    return ordered


def counts(on: dt.date) -> dict[str, int]:
    """How many lines stand in each state, and how many of those to send are overdue. One query."""
    asked = {name: Count("pk", filter=where) for name, where in _OF_STATE.items()}
    found: dict[str, int] = CreditReport.objects.with_numbers().aggregate(
        overdue=Count("pk", filter=_READY & Q(due_on__lt=on)), **asked
    )
    return found


def bodies() -> list[str]:
    """Who is told of anything. One query."""
    return list(CreditReport.objects.order_by("body").values_list("body", flat=True).distinct())


def state_of(row: CreditReport, on: dt.date) -> str:
    """The word of {% status "credit_report" %} for a line."""
    if row.status != ReportStatus.TO_SEND:
        return str(row.status)
    if not row.may_be_told:  # type: ignore[attr-defined]
        return "withheld"
    if row.action == ReportAction.ADD and row.number_kind and not row.number_value:  # type: ignore[attr-defined]
        return "unknown"
    return "overdue" if row.due_on < on else "to_send"


def findings() -> list[Finding]:
    """What the office's work list says: credit not told in time, and what boards sent back. One query."""
    on = today()
    numbers = counts(on)
    home = reverse("report_desk:home")
    found = []
    if late := numbers["overdue"]:
        title = ngettext("%(n)d credit was not reported in time", "%(n)d credits were not reported in time", late) % {
            "n": late
        }
        found.append(Finding((RULE,), "failed", title, _("Boards are told within the days they set."), link=f"{home}?due=overdue", who="staff"))  # fmt: skip
    if back := numbers["rejected"]:
        title = ngettext(
            "%(n)d credit was sent back by its board", "%(n)d credits were sent back by their boards", back
        ) % {"n": back}
        found.append(Finding((RULE,), "failed", title, _("Read why, have it put right, and send it again."), link=f"{home}?state=rejected", who="staff"))  # fmt: skip
    return found


# --- transcripts -----------------------------------------------------------------------------------------

_WORDS = {
    ReportStatus.SENT: ("sent", "sent_on"), ReportStatus.ACCEPTED: ("accepted", "answered_on"), ReportStatus.REJECTED: ("sent_back", "answered_on"),
    ReportStatus.TO_SEND: ("due", "due_on"),
}  # fmt: skip


def of_claims(claim_ids: list[int]) -> dict[int, list[Report]]:
    """For settings.CREDIT_REPORTS: the newest of each credit that was or is to be told. One query."""
    rows = CreditReport.objects.with_numbers().filter(total__claim__in=claim_ids, action=ReportAction.ADD)
    rows = rows.exclude(status=ReportStatus.DROPPED).select_related("total").order_by("total", "number")
    newest = {row.total_id: row for row in rows}
    found: dict[int, list[Report]] = {}
    for row in newest.values():
        found.setdefault(row.total.claim_id, []).append(_report(row))
    return found


def _report(row: CreditReport) -> Report:
    kind = row.total.credit_type_id
    if row.status == ReportStatus.TO_SEND and row.number_kind and not row.number_value:  # type: ignore[attr-defined]
        return Report(row.body, "unknown", row.due_on, kind)
    if row.status == ReportStatus.TO_SEND and not row.may_be_told:  # type: ignore[attr-defined]
        return Report(row.body, "withheld", row.due_on, kind, ask=row.number_kind)
    state, day = _WORDS[ReportStatus(row.status)]
    return Report(row.body, state, getattr(row, day), kind, text=row.answer if state == "sent_back" else "")


# --- to take away ------------------------------------------------------------------------------------------

# The columns of the learner template (Excel, January 2024) as far as they are known, then ours.
HEAD = (
    "Record Action", "Completion Date", "First Name", "Last Name", "Date of Birth", "Certifying Board", "Certifying Board ID", "Total Board Credits",
    "Credit Type", "Credits Awarded for Credit Type", "Due", "Body", "By way of", "Activity number", "Activity", "UAN", "Our number",
)  # fmt: skip


def table(rows: Iterable[CreditReport]) -> Iterator[list[Any]]:
    """A working list for who types or uploads it; only what may be told now."""
    for row in rows:
        person, total, activity = row.total.claim.person, row.total, row.total.claim.activity
        birthday = f"{person.birth_month:02}/{person.birth_day:02}" if person.birth_month and person.birth_day else ""
        details = total.designation.details if total.designation else {}
        kind = details.get("moc_kind") or total.credit_type.name
        board = row.body if row.channel != row.body else ""
        yield [
            "Add" if row.action == ReportAction.ADD else "Delete", row.completed_on, person.given_name, person.family_name, birthday, board,
            row.number_value or "", row.amount, kind, row.amount, row.due_on, row.body, row.channel, activity.number, activity.title,  # type: ignore[attr-defined]
            total.details.get("uan", ""), row.pk,
        ]  # fmt: skip
