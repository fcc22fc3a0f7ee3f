"""What boards and registries have to be told of claims, in the claim's own transaction; and what the office says became of it.

A record at a board is never edited: a correction takes the old one back and adds the new one. `_settle` compares what the
body holds, as far as we know, with whether the claim stands, and leaves exactly one thing due, or none. Locks: the person
and the claim where a claim changes, the claims where rows are marked; then the rows of the ledger, in their order.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.enums import BOARDS, NumberKind
from accounts.models import PersonNumber, Provider
from common import audit, clock, locks, rulesets
from common.actors import Actor, require_office
from common.errors import Conflict, Invalid
from credits.domain import holding
from credits.enums import ClaimStatus, Need
from credits.models import Claim, ClaimTotal, CreditType
from evaluations.domain import responses
from reporting.enums import HELD, ReportAction, ReportStatus
from reporting.models import CreditReport
from reporting.workflow import CREDIT_REPORT

MOST = 500
OPEN = frozenset({ReportStatus.TO_SEND, ReportStatus.REJECTED})
SAYS_WHEN = frozenset({"send", "accept", "reject"})


# --- from claims -----------------------------------------------------------------------------------------


def made(claim: Claim, totals: Sequence[ClaimTotal], evaluated_at: dt.datetime | None) -> None:
    """A claim was written: what of it has to be told to whom, by when (MOC-2). One query, none where nobody is told."""
    telling = [t for t in totals if t.credit_type.report_to and t.credits > 0]
    if not telling:
        return
    held = claim.adjusts_id is not None and CreditReport.objects.filter(
        total__claim=claim.adjusts_id, status__in=[ReportStatus.SENT, ReportStatus.ACCEPTED]
    ).exists()  # fmt: skip
    CreditReport.objects.bulk_create(_first(claim, total, evaluated_at, correction=held) for total in telling)


def changed(claim: Claim, *, by: Actor, at: dt.datetime) -> None:
    """A claim was withdrawn, or its withdrawal taken back: what was due, or what was told, is put right."""
    locks.require_transaction()
    rows = list(_locked().filter(total__claim=claim).order_by("pk"))
    _settle_all(rows, live=claim.status == ClaimStatus.LIVE, by=by, at=at)


def catch_up() -> int:
    """Every night: credit of claims that stand and of which nothing was written down, as from before the ledger. How many claims."""
    missing = ClaimTotal.objects.filter(claim__status=ClaimStatus.LIVE, reports=None, credits__gt=0)
    found = 0
    for claim_id in list(missing.exclude(credit_type__report_to="").values_list("claim", flat=True).distinct()):
        with transaction.atomic(durable=True):
            claim = holding.hold(claim_id)  # whoever withdraws it waits
            if claim.status != ClaimStatus.LIVE:
                continue
            totals = list(claim.totals.filter(reports=None).select_related("credit_type"))
            made(claim, totals, responses.done_at(claim.person_id, claim.activity_id))
            found += 1
    return found


def body_of(kind: CreditType) -> tuple[str, str]:
    """Who is told of a credit type, and the kind of number it knows people by: ("ABIM", "abim"), ("CPE Monitor", "nabp")."""
    board = next((key for key in kind.learner_fields if key in BOARDS), "")
    if board:
        return str(NumberKind(board).label).removesuffix(" ID"), board
    return kind.report_to, next((key for key in kind.learner_fields if key in NumberKind.values), "")


def _first(claim: Claim, total: ClaimTotal, evaluated_at: dt.datetime | None, *, correction: bool) -> CreditReport:
    kind, since = total.credit_type, claim.participated_on
    if kind.needs == Need.EVALUATION:
        # MOC-2: the days count from when the physician met the evaluation requirement.
        met = (evaluated_at or claim.claimed_at).astimezone(ZoneInfo(claim.activity.zone)).date()
        since = max(since, met)
    at = clock.now()
    if correction:
        since = max(since, at.astimezone(ZoneInfo(claim.activity.zone)).date())
    body, number_kind = body_of(kind)
    due_on = since + dt.timedelta(days=kind.report_within_days or 0)
    last = _last_day(kind, claim.participated_on)
    if last is not None and since <= last:
        due_on = min(due_on, last)
    return CreditReport(
        total=total, number=1, action=ReportAction.ADD, body=body, channel=kind.report_to, number_kind=number_kind, amount=total.credits,
        completed_on=claim.participated_on, due_on=due_on, made_at=at,
    )  # fmt: skip


def _last_day(kind: CreditType, completed_on: dt.date) -> dt.date | None:
    """MOC-7: the day by which a body wants the credit of the year, for what was completed by then."""
    if not kind.last_day:
        return None
    month, day = divmod(int(rulesets.value_on(kind.last_day, completed_on)), 100)
    return dt.date(completed_on.year, min(max(month, 1), 12), min(max(day, 1), 28))


# --- from the office ---------------------------------------------------------------------------------------


def mark(*, verb: str, report_ids: Collection[int], on: dt.date | None = None, text: str = "", by: Actor) -> int:
    """Write down what became of several: all of them, or none. How many.

    `verb` is one of the table's: send (on a day, `text` the reference), accept and reject (on a day; `text` the body's
    words), again, and unsend and reopen for what was marked by mistake (`text` says why). Raises Invalid with `on` and
    `text`; Conflict when a colleague was quicker, or a person may not be told of.
    """
    require_office(by, "The CME office writes down what was sent.")
    text, ids = text.strip(), set(report_ids)
    _require_words(verb, on, text)
    if not ids:
        raise Invalid(_("Choose at least one line."))
    if len(ids) > MOST:
        raise Invalid(_("Mark %(n)d lines at most at once.") % {"n": MOST})
    with transaction.atomic(durable=True):
        # Whoever withdraws one of these claims waits here, or has done with it: the rows are read after that.
        touched = CreditReport.objects.filter(pk__in=ids)
        list(Claim.objects.select_for_update(no_key=True).filter(pk__in=touched.values("total__claim")).order_by("pk"))
        rows = list(_locked().filter(total__in=touched.values("total")).order_by("pk"))
        chosen = [row for row in rows if row.pk in ids]
        _require_state(verb, chosen, len(ids))
        if verb == "send":
            _require_told(chosen)
        if on is not None:
            _require_order(verb, chosen, on)
        at, values = clock.now(), _values(verb, on, text)
        if verb == "unsend":
            # What followed from its having been sent is open beside it; only one may be.
            totals_of = {row.total_id for row in chosen}
            for row in rows:
                if row.total_id in totals_of and row.pk not in ids and row.status == ReportStatus.TO_SEND:
                    _apply(row, "drop", by=by, at=at)
        for row in chosen:
            extra: dict[str, Any] = {"sent_as_id": _sent_as(row)} if verb == "send" else {}
            _apply(row, verb, by=by, at=at, reason=text, **values, **extra)
        _settle_all(rows, live=None, by=by, at=at)
        audit.record(
            f"credit_report_{verb}", by=by, subject=chosen[0], new={"reports": sorted(ids), "on": on}, reason=text
        )
    return len(chosen)


def _require_words(verb: str, on: dt.date | None, text: str) -> None:
    problems = {}
    if verb in SAYS_WHEN and on is None:
        problems["on"] = _("Write the day.")
    elif on is not None and on > clock.today(Provider.current().zone):
        problems["on"] = _("This day has not come yet.")
    if verb == "reject" and not text:
        problems["text"] = _("Copy what they wrote; the learner reads it too.")
    if verb in {"unsend", "reopen"} and not text:
        problems["text"] = _("Say why; it stands in the record.")
    if problems:
        raise Invalid(fields=problems)


def _require_state(verb: str, chosen: Sequence[CreditReport], asked: int) -> None:
    late = asked - sum(CREDIT_REPORT.can(row, verb) for row in chosen)
    if late:
        said = ngettext(
            "%(n)d of them changed meanwhile: a colleague marked it, or its claim was changed. Nothing was marked; look at the list once more.",
            "%(n)d of them changed meanwhile: a colleague marked them, or their claims were changed. Nothing was marked; look at the list once more.",
            late,
        )  # fmt: skip
        raise Conflict(said % {"n": late})


def _require_told(chosen: Sequence[CreditReport]) -> None:
    """MOC-2: nobody is told without leave, nor under a number that is not there."""
    silent = sorted({str(row.total.claim.person) for row in chosen if not row.may_be_told})  # type: ignore[attr-defined]
    if silent:
        raise Conflict(_("Their boards may not be told: %(names)s. Nothing was marked.") % {"names": "; ".join(silent)})
    nameless = sorted({str(row.total.claim.person) for row in chosen if _is_nameless(row)})
    if nameless:
        raise Conflict(_("Their number is missing: %(names)s. Nothing was marked.") % {"names": "; ".join(nameless)})


def _is_nameless(row: CreditReport) -> bool:
    return bool(row.action == ReportAction.ADD and row.number_kind and not row.number_value)  # type: ignore[attr-defined]


def _require_order(verb: str, chosen: Sequence[CreditReport], on: dt.date) -> None:
    if verb == "send" and any(on < row.completed_on for row in chosen):
        raise Invalid(fields={"on": _("Some of it was completed only after this day.")})
    if verb in {"accept", "reject"} and any(row.sent_on and on < row.sent_on for row in chosen):
        raise Invalid(fields={"on": _("Some of it was sent only after this day.")})


def _values(verb: str, on: dt.date | None, text: str) -> dict[str, Any]:
    if verb == "send":
        return {"sent_on": on, "reference": text[:120]}
    if verb in {"accept", "reject"}:
        return {"answered_on": on, "answer": text}
    cleared: dict[str, Any] = {"answered_on": None, "answer": ""}
    return cleared if verb == "reopen" else {**cleared, "sent_on": None, "sent_as_id": None, "reference": ""}


def _sent_as(row: CreditReport) -> int | None:
    """The number that was sent: evidence, as the person may change it later."""
    mine = PersonNumber.objects.filter(person=row.total.claim.person_id, kind=row.number_kind, removed_at=None)
    return mine.values_list("pk", flat=True).first() if row.number_kind else None


# --- one thing due, or none --------------------------------------------------------------------------------


def _locked() -> Any:
    rows = CreditReport.objects.with_numbers().select_for_update(of=("self",))
    return rows.select_related("total__claim__person", "total__claim__activity", "total__credit_type")


def _apply(row: CreditReport, verb: str, *, by: Actor, at: dt.datetime, reason: str = "", **values: Any) -> None:
    CREDIT_REPORT.apply(row, verb, by=by, at=at, reason=reason)
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=["status", *(name.removesuffix("_id") for name in values)])


def _settle_all(rows: Sequence[CreditReport], *, live: bool | None, by: Actor, at: dt.datetime) -> None:
    ordered = sorted(rows, key=lambda row: (row.total_id, row.number))
    for _total_id, group in groupby(ordered, key=lambda row: row.total_id):
        members = list(group)
        stands = members[0].total.claim.status == ClaimStatus.LIVE if live is None else live
        _settle(members, live=stands, by=by, at=at)


def _settle(rows: list[CreditReport], *, live: bool, by: Actor, at: dt.datetime) -> None:
    """Of one credit: what the body holds against whether the claim stands. Leaves one thing due, or none."""
    told = next((row for row in reversed(rows) if row.status in HELD), None)
    has = told is not None and told.action == ReportAction.ADD
    need = None if has == live else ReportAction.ADD if live else ReportAction.WITHDRAW
    for row in rows:
        if row.action != need and row.status in OPEN:
            _apply(row, "drop", by=by, at=at)
    if need is None or any(row.action == need and row.status in OPEN for row in rows):
        return
    last = rows[-1]
    if last.action == need and last.status == ReportStatus.DROPPED:
        _apply(last, "revive", by=by, at=at, **_values("again", None, ""))
        return
    total = last.total
    day = at.astimezone(ZoneInfo(total.claim.activity.zone)).date()
    CreditReport.objects.create(
        total=total, number=last.number + 1, action=need, body=last.body, channel=last.channel, number_kind=last.number_kind, amount=last.amount,
        completed_on=last.completed_on, due_on=day + dt.timedelta(days=total.credit_type.report_within_days or 0), made_at=at,
    )  # fmt: skip
