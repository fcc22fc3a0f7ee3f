"""New versions of wording and rule parameters, written by the director (design section 5, law 5).

Nothing that was in effect is rewritten: a change is a new row with its date, its source, its reason and its writer.
A version that has not begun is put right the same way, by a later revision of the same day.
"""

import datetime as dt
import json
import re
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils.translation import gettext as _

from common import audit, clock, locks, rulesets, statements
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.models import Dated, RuleParameter, Statement

HOUSE = "Decision of the provider"
D = TypeVar("D", Statement, RuleParameter)


def in_order(row: D) -> list[D]:
    """Every version of the same code and scope, the newest first."""
    rows = type(row)._default_manager.filter(code=row.code, scope=row.scope)
    return list(rows.order_by("-effective_from", "-revision"))


def holding(rows: "list[D]", day: dt.date) -> "D | None":
    """The one of `in_order` that holds on a day."""
    return next((r for r in rows if r.effective_from <= day and (r.effective_to is None or day < r.effective_to)), None)


def change_wording(
    *, statement_id: int, body: str, effective_from: dt.date, source: str, reason: str, confirmed: bool, seen: int,
    zone: str, by: Actor,
) -> Statement:  # fmt: skip
    """A new version of a sentence, from today (in `zone`) or later.

    `seen` is how many versions the writer had before their eyes: Conflict when somebody added one meanwhile. Raises
    Invalid for a date that has passed, and for words that pages and certificates could not fill in.
    """
    _require_director(by)
    with transaction.atomic(durable=True):
        rows, before = _locked(Statement, statement_id, effective_from, source, reason, seen, zone)
        text = body.strip() if "\n" in before.body else " ".join(body.split())
        if text == before.body and confirmed == before.confirmed:
            raise Invalid(fields={"body": _("These are the words that hold on that day already.")})
        _require_same_frame(before, text)
        return _add(rows, before, by, effective_from, source, reason, zone, body=text, confirmed=confirmed)


def change_parameter(
    *, parameter_id: int, value: str, effective_from: dt.date, source: str, reason: str, seen: int, zone: str, by: Actor
) -> RuleParameter:
    """A new value of a rule parameter, as typed; of the kind that the value before it is. Raises as `change_wording`."""
    _require_director(by)
    with transaction.atomic(durable=True):
        rows, before = _locked(RuleParameter, parameter_id, effective_from, source, reason, seen, zone)
        wanted = read_value(before, value)
        if wanted == before.value:
            raise Invalid(fields={"value": _("This is the value that holds on that day already.")})
        return _add(rows, before, by, effective_from, source, reason, zone, value=wanted)


def read_value(row: RuleParameter, typed: str) -> Any:
    """What was typed, as a value of the same kind as the row's. Raises Invalid."""
    text, kind = typed.strip(), type(row.value)
    if kind is int:
        return _whole_number(row, text)
    if kind is str:
        if not text:
            raise _wrong(_("Write a value."))
        if _is_decimal(row.value) and not _is_decimal(text):
            raise _wrong(_("Write a number, for example %(example)s.") % {"example": row.value})
        return text
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _wrong(_("This can’t be read. Write it as the value before it is written.")) from error
    if type(value) is not kind:
        raise _wrong(_("This can’t be read. Write it as the value before it is written."))
    return value


def shown(value: Any) -> str:
    """A value as one types it."""
    return value if isinstance(value, str) else json.dumps(value)


def _whole_number(row: RuleParameter, text: str) -> int:
    low, high = row.minimum if row.minimum is not None else 0, row.maximum if row.maximum is not None else 1_000_000
    if not re.fullmatch(r"\d{1,7}", text, re.ASCII) or not low <= int(text) <= high:
        raise _wrong(_("Write a whole number from %(low)s to %(high)s.") % {"low": low, "high": high})
    return int(text)


def _is_decimal(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _wrong(sentence: str) -> Invalid:
    return Invalid(fields={"value": sentence})


def _require_director(by: Actor) -> None:
    if not by.is_director:
        raise NotAllowed(_("Only the CME director changes wording and rule parameters."))


def _locked(
    model: type[D], pk: int, effective_from: dt.date, source: str, reason: str, seen: int, zone: str
) -> tuple[list[D], D]:
    """All versions, held against loaders and other writers, and the one that the new one follows."""
    locks.lock_key("reference", "all")
    row = model._default_manager.get(pk=pk)
    rows = in_order(row)
    if len(rows) != seen:
        raise Conflict(_("A version was added meanwhile. It stands in the list; look at it, then record yours."))
    fields = {}
    if effective_from < clock.today(zone):
        fields["effective_from"] = _("Choose today or a later day: what was in effect stays as it was.")
    if row.mandated_by and not source.strip():
        fields["source"] = _("Say where this can be read, for example the issuer’s page and its date.")
    if not reason.strip():
        fields["reason"] = _("Say why, in a sentence. It stands in the record.")
    if fields:
        raise Invalid(fields=fields)
    return rows, holding(rows, effective_from) or row


def _add(
    rows: list[D], before: D, by: Actor, effective_from: dt.date, source: str, reason: str, zone: str, **values: Any
) -> D:
    revision = 1 + max((r.revision for r in rows if r.effective_from == effective_from), default=0)
    kept = {f.attname: getattr(before, f.attname) for f in _own_columns(type(before))}
    row = type(before)._default_manager.create(**{
        **kept, **values, "effective_from": effective_from, "effective_to": None, "revision": revision, "source": source.strip() or HOUSE,
        "checked_on": clock.today(zone), "reason": reason.strip(), "added_at": clock.now(), "added_by": by.label,
    })  # fmt: skip
    rulesets.changed()
    name = "wording_changed" if isinstance(row, Statement) else "parameter_changed"
    old = {key: getattr(before, key) for key in values}
    audit.record(
        name, by=by, subject=row, reason=reason.strip(),
        old={"code": before.code, "since": before.since, **old}, new={"code": row.code, "since": row.since, **values},
    )  # fmt: skip
    return row


def _own_columns(model: type[models.Model]) -> list[Any]:
    return [f for f in model._meta.concrete_fields if not f.primary_key]


# --- wording: what pages and papers rely on --------------------------------------------------------------


def blanks(text: str) -> list[str]:
    """The {blanks} that pages fill in, in order."""
    return re.findall(r"\{\w*\}", text)


def _marks(text: str) -> set[str]:
    return {run["text"] for run in statements.runs(text) if run["style"] == "mark"}


def _require_same_frame(before: Dated, text: str) -> None:
    """The same blanks, the same lines of a certificate, the AMA's mark as it is written (AMA-TM-1)."""
    was: str = before.body  # type: ignore[attr-defined]
    if not text:
        raise Invalid(fields={"body": _("Write the wording.")})
    if Counter(blanks(text)) != Counter(blanks(was)):
        named = ", ".join(dict.fromkeys(blanks(was))) or _("none")
        raise Invalid(
            fields={"body": _("Keep the blanks that the portal fills in, each as often as before: %(blanks)s.") % {"blanks": named}}
        )  # fmt: skip
    if text.count("|") != was.count("|"):
        raise Invalid(
            fields={"body": _("Keep the %(n)d bars | that part its lines on the certificate.") % {"n": was.count("|")}}
        )
    if lost := sorted(_marks(was) - _marks(text)):
        raise Invalid(
            fields={"body": _("Write the AMA’s mark as before, with asterisks and ™: *%(mark)s*™.") % {"mark": lost[0]}}
        )
    if re.search(r"[{}]", re.sub(r"\{\w+\}", "", text)) or (text.count("*") - was.count("*")) % 2:
        raise Invalid(fields={"body": _("A brace or an asterisk is without its pair.")})
