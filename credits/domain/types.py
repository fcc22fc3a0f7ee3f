"""Credit types as data (IP-2): what the office settled where the rulebook is open, and which the provider may award."""

import datetime as dt
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.safestring import SafeString

from accounts.domain import learner_fields
from accounts.enums import Profession
from accounts.models import AccreditationTerm
from activities.enums import ActivityKind
from activities.models import Activity
from common import audit, clock, locks, rulesets, statements
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.templatetags.cme import runs
from credits import details
from credits.documents import statements as wording
from credits.enums import Need, Partial, Rounding
from credits.models import AwardTerm, CreditType, TypeSetting

OPEN_MARKS = frozenset("UL")
BLANKS = frozenset({"provider", "learning_format", "format", "title", "begins", "credits", "ceu", *wording.BLANKS})


@dataclass(frozen=True)
class Permit:
    """By whose leave a type may be awarded: the provider's own accreditation, or a term of its own with its statement."""

    term: AwardTerm | None

    @property
    def statement(self) -> str:
        return self.term.statement if self.term else ""


@dataclass(frozen=True)
class Value:
    """One value of a credit type: what holds, where it comes from, whether the office may settle it."""

    name: str
    label: str
    shown: str
    mark: str
    rule: str
    setting: TypeSetting | None
    has_wording: bool = False

    @property
    def is_open(self) -> bool:
        return self.mark in OPEN_MARKS

    @property
    def is_known(self) -> bool:
        return bool(self.shown) or self.name in MAY_BE_EMPTY

    @property
    def can_settle(self) -> bool:
        """A mandated sentence gets its new edition under Wording."""
        return self.is_open and not self.has_wording


# Nothing is an answer: nobody in particular among the planners, no field to ask for.
MAY_BE_EMPTY = frozenset(
    {"planner_professions", "learner_fields", "designation_fields", "activity_kinds", "needs", "follows", "professions"}
)
LABELS = {
    "rounding": "Rounding", "hour": "Minutes of one unit", "increment": "Steps", "minimum": "At least", "partial": "Attended in part",
    "follows": "Never more than", "needs": "Before it is claimed", "professions": "Who may claim", "planner_professions": "Among the planners",
    "activity_kinds": "Kinds of activity", "statement": "Designation statement", "learner_fields": "Asked of the learner",
    "designation_fields": "Needed to designate", "report_to": "Reported to", "kinds": "Kinds of points", "once_a_day": "One completion a day", "last_day": "A year’s credit is wanted by",
}  # fmt: skip


# --- reading ----------------------------------------------------------------------------------------


def settled(codes: Collection[str] | None = None) -> list[CreditType]:
    """The credit types, or some, with what the office settled, in order. Two queries."""
    rows = CreditType.objects.all() if codes is None else CreditType.objects.filter(code__in=list(codes))
    return rows.settled()


def permits(day: dt.date | None = None, *, kinds: Iterable[CreditType] | None = None) -> dict[str, Permit]:
    """The types that the provider may award on a day, with the leave for each (JA-4: offer no other).

    Three queries, two with the `kinds` that are loaded.
    """
    on = day or clock.now().date()
    term = AccreditationTerm.on(on)
    found = {
        kind.code: Permit(None)
        for kind in (CreditType.objects.all() if kinds is None else kinds)
        if kind.is_attendance or (term is not None and term.mode in kind.modes)
    }
    own = AwardTerm.objects.filter(ended_at=None, starts_on__lte=on, ends_on__gte=on).order_by("starts_on", "pk")
    return found | {row.credit_type_id: Permit(row) for row in own}


def suits(kind: CreditType, activity: Activity) -> bool:
    """IP-3: whether a type goes with this kind of activity."""
    return not kind.activity_kinds or activity.kind in kind.activity_kinds


def to_ask(activity: Activity) -> list[tuple[str, str | SafeString]]:
    """What planners may ask for (APP-11): what the provider awards and goes with the kind; what was asked before stays."""
    kinds = settled()
    allowed = permits(activity.starts_on, kinds=kinds)
    asked = set(activity.credit_types)
    return [
        (kind.code, label(kind))
        for kind in kinds
        if (kind.code in allowed and suits(kind, activity)) or kind.code in asked
    ]


def label(kind: CreditType) -> str | SafeString:
    """The name of a type for choices; the AMA's as the AMA writes it (AMA-TM-1)."""
    if statements.AMA not in kind.unit_many:
        return kind.name
    return runs(statements.runs(kind.unit_many))  # type: ignore[arg-type]


def names(codes: Collection[str]) -> str:
    """Types by name, for records: "AMA PRA Category 1, Nursing contact hours (ANCC)". One query."""
    rows = CreditType.objects.filter(code__in=list(codes)).values_list("name", flat=True)
    return ", ".join(rows)


def values(kind: CreditType) -> list[Value]:
    """Every value of a type with its source, for the office's page. One query; `kind` as it was settled."""
    rows = {row.name: row for row in kind.settings.filter(ended_at=None)}
    found = []
    for name, source in sorted(kind.sources.items(), key=lambda pair: list(LABELS).index(pair[0])):
        mark, _space, rule = source.partition(" ")
        wording_ = name == "statement" and bool(kind.designation_statement)
        found.append(Value(name, LABELS.get(name, name), shown(kind, name), mark, rule, rows.get(name), wording_))
    return found


def shown(kind: CreditType, name: str) -> str:
    """A value in words; empty where it is not known."""
    if name == "statement":
        return kind.statement_text or (
            statements.body(kind.designation_statement) if kind.designation_statement else ""
        )
    value: Any = getattr(kind, name)
    if name == "professions" and kind.physicians_only:
        return "Physicians (MD, DO)"
    if name == "activity_kinds":
        return ", ".join(str(ActivityKind(k).label) for k in value) or "Every kind"
    if name == "learner_fields":
        return ", ".join(learner_fields.label(v) for v in value)
    if name == "designation_fields":
        return ", ".join(details.ALL[v].label for v in value)
    if name in {"professions", "planner_professions"}:
        return ", ".join(str(Profession(v).label) for v in value)
    if name == "kinds":
        return ", ".join(value)
    if name == "once_a_day":
        return "In an activity; a second claim of the same day brings none"
    if name == "last_day":
        return f"{rulesets.value_on(value):04}, month and day"
    words: dict[str, Any] = {"rounding": Rounding, "partial": Partial, "needs": Need}
    if name in words:
        return str(words[name](value).label) if value or name == "needs" else ""
    return "" if value is None else str(value)


# --- settling ---------------------------------------------------------------------------------------


def settings_in_force() -> dict[str, dict[str, object]]:
    """What the office settled, by type: remembered like the other dated rows, because every claim asks."""
    return rulesets.remembered("credit type settings", TypeSetting.in_force)


def settle(*, code: str, name: str, value: str, source: str, by: Actor) -> TypeSetting:
    """Write down what an accreditor said about a value that the rulebook leaves open. New designations follow it.

    Raises NotAllowed for anybody but the director, Conflict for a value that is fixed, Invalid for one that cannot be.
    """
    if not by.is_director:
        raise NotAllowed("The CME director settles credit types.")
    if not source.strip():
        raise Invalid(fields={"source": "Say who told us: a letter with its date, a handbook with its page."})
    with transaction.atomic(durable=True):
        kind = locks.lock_row(CreditType.objects.all(), pk=code)
        mark = kind.sources.get(name, "").partition(" ")[0]
        if mark not in OPEN_MARKS or (name == "statement" and kind.designation_statement):
            raise Conflict(
                "This value is fixed by its source. A new edition of the rules comes with a new reference file."
            )
        kept = _checked(name, value)
        at = clock.now()
        old = TypeSetting.objects.filter(credit_type=kind, name=name, ended_at=None).first()
        TypeSetting.objects.filter(credit_type=kind, name=name, ended_at=None).update(ended_at=at)
        row = TypeSetting.objects.create(
            credit_type=kind,
            name=name,
            value=kept,
            source=source.strip()[:250],
            settled_at=at,
            settled_by=by.label[:250],
        )
        rulesets.changed()
        audit.record(
            "credit_type_settled", by=by, subject=row, old={name: old.value} if old else None, new={"type": code, name: kept}, reason=source.strip(),
        )  # fmt: skip
        return row


def _checked(name: str, value: str) -> Any:
    """A value as it is kept, or Invalid."""
    text = value.strip()
    choices: dict[str, Any] = {"rounding": Rounding, "partial": Partial}
    if name in choices:
        if text not in choices[name].values:
            raise Invalid(fields={"value": "Choose one of the list."})
        return text
    if name in {"hour", "increment", "minimum"}:
        return _number(name, text)
    if name in {"activity_kinds", "planner_professions", "learner_fields", "designation_fields", "professions"}:
        return _listed(name, text)
    if name == "statement":
        return _statement(text)
    if name == "follows":
        if text not in {"", "ama_pra_1"}:
            raise Invalid(fields={"value": "Choose one of the list."})
        return text
    raise Conflict("This value is settled in the reference file.")


def _number(name: str, text: str) -> str | int:
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise Invalid(fields={"value": "Write a number."}) from None
    if name == "hour":
        if number % 1 or not 10 <= number <= 120:
            raise Invalid(fields={"value": "Write whole minutes, for example 60 or 50."})
        return int(number)
    least = Decimal(0) if name == "minimum" else Decimal("0.01")
    if not least <= number <= 10 or number != number.quantize(Decimal("0.01")):
        raise Invalid(fields={"value": "Write an amount with two decimals, for example 0.25."})
    return f"{number:.2f}"


def _listed(name: str, text: str) -> list[str]:
    known: dict[str, Collection[str]] = {
        "activity_kinds": ActivityKind.values, "planner_professions": Profession.values, "professions": Profession.values,
        "learner_fields": learner_fields.KEYS, "designation_fields": details.ALL,
    }  # fmt: skip
    words = [w for w in text.replace(",", " ").split() if w]
    wrong = [w for w in words if w not in known[name]]
    if wrong:
        raise Invalid(fields={"value": f"Not known: {', '.join(wrong)}."})
    return words


def _statement(text: str) -> str:
    if len(text) < 20:
        raise Invalid(fields={"value": "Copy the whole sentence from your accreditor."})
    wrong = sorted(set(re.findall(r"\{(\w*)\}", text)) - BLANKS)
    if wrong:
        raise Invalid(fields={"value": f"No blank is called {', '.join(wrong)}. Known: {', '.join(sorted(BLANKS))}."})
    if "{credits}" not in text:
        raise Invalid(fields={"value": "Put {credits} where the number goes."})
    return text


# --- terms ------------------------------------------------------------------------------------------


def add_term(*, code: str, number: str, statement: str, starts_on: dt.date, ends_on: dt.date, by: Actor) -> AwardTerm:
    """Write down that the provider may award a type for a time. Raises Invalid for dates that cannot be."""
    if not by.is_director:
        raise NotAllowed("The CME director writes down accreditations.")
    if ends_on <= starts_on:
        raise Invalid(fields={"ends_on": "A term ends after it begins."})
    with transaction.atomic(durable=True):
        kind = locks.lock_row(CreditType.objects.all(), pk=code)
        live = AwardTerm.objects.filter(credit_type=kind, ended_at=None, starts_on__lte=ends_on, ends_on__gte=starts_on)
        if live.exists():
            raise Conflict("A term for this time is written down already. End it first, with the reason.")
        row = AwardTerm.objects.create(
            credit_type=kind, number=number.strip(), statement=statement.strip(), starts_on=starts_on, ends_on=ends_on,
            added_at=clock.now(), added_by=by.label[:250],
        )  # fmt: skip
        audit.record(
            "award_term_added", by=by, subject=row, new={"type": code, "until": ends_on, "number": number.strip()}
        )
        return row


def end_term(*, term_id: int, reason: str, by: Actor) -> AwardTerm:
    """Take a term back: what was designated under it stays, nothing new is. Raises Conflict if it ended already."""
    if not by.is_director:
        raise NotAllowed("The CME director writes down accreditations.")
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; it stands in the record."})
    with transaction.atomic(durable=True):
        row = locks.lock_row(AwardTerm.objects.all(), pk=term_id)
        if row.ended_at is not None:
            raise Conflict("This term was ended already.")
        row.ended_at, row.ended_by, row.end_reason = clock.now(), by.label[:250], reason.strip()[:250]
        row.save(update_fields=["ended_at", "ended_by", "end_reason"])
        audit.record("award_term_ended", by=by, subject=row, reason=reason.strip())
        return row
