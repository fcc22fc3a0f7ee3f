"""Accreditation and designation statements, verbatim from the wording of the day (ST-1…7, AMA-DES-1)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from accounts.enums import AccreditationMode
from accounts.models import AccreditationTerm, Provider
from activities.models import Activity
from common import clock, statements
from credits.documents.dates import long_date
from credits.models import CreditType

# Blanks of designation statements that only some designations fill (credits/details.py).
BLANKS = ("uan", "uan_technician", "acpe_kind", "valid_until", "aswb_category", "aafp_kind", "moc_kind")
# ST-7: mode × (any non-accredited joint provider ? joint : direct).
CODES: dict[AccreditationMode, tuple[str, str]] = {
    AccreditationMode.ACCME_DIRECT: ("ST-1", "ST-2"),
    AccreditationMode.STATE: ("ST-3", "ST-3-joint"),
    AccreditationMode.JOINT: ("ST-4", "ST-5"),
}


def select(mode: str, *, joint: bool) -> str:
    """The code of the accreditation statement (ST-7); `joint`: at least one joint provider is not accredited.

    Accredited co-providers have no statement of their own: whoever reports the activity uses the direct one (ST-6).
    """
    return CODES[AccreditationMode(mode)][joint]


def accreditation(on: dt.date | None = None, *, joint: Sequence[str] = ()) -> str:
    """The accreditation statement for the mode of the day, naming every non-accredited joint provider (ST-7).

    Raises LookupError without a term.
    """
    day = on or clock.now().date()
    term = AccreditationTerm.on(day)
    if term is None:
        raise LookupError(f"The provider has no accreditation term on {day}.")
    provider = Provider.current().name
    # The list ends its sentence, so the period of a last "Inc." is that of the sentence.
    return statements.fill(
        statements.body(select(term.mode, joint=bool(joint)), on=day),
        provider=provider, providers=listed([provider, *joint]).removesuffix("."),
        accreditor=term.accreditor_name, accreditor_short=term.accreditor_short,
    )  # fmt: skip


def accreditation_is_confirmed(on: dt.date | None = None, *, joint: bool) -> bool:
    """Whether the wording of the day was read at its source (ST-5 was not); False without a term."""
    day = on or clock.now().date()
    term = AccreditationTerm.on(day)
    return term is not None and statements.is_confirmed(select(term.mode, joint=joint), on=day)


def listed(names: Sequence[str]) -> str:
    """ "A", "A and B", "A, B, and C", as a sentence lists names."""
    if len(names) < 3:
        return " and ".join(names)
    return f"{', '.join(names[:-1])}, and {names[-1]}"


def designation(
    activity: Activity,
    credit_type: CreditType,
    maximum: Decimal,
    on: dt.date | None = None,
    *,
    details: Mapping[str, str] | None = None,
) -> str:
    """The designation statement of a credit type; for a series `maximum` is that of one session (AMA-DES-4).

    `credit_type` as it was settled (the office may hold the sentence); `details` fill its other blanks. Empty where none
    is mandated.
    """
    if credit_type.statement_text:
        body = credit_type.statement_text
    elif credit_type.designation_statement:
        body = statements.body(credit_type.designation_statement, on=on)
    else:
        return ""
    given = dict(details or {})
    if "valid_until" in given:
        given["valid_until"] = long_date(dt.date.fromisoformat(given["valid_until"]))
    blanks = {
        "provider": Provider.current().name, "title": activity.title,
        "learning_format": activity.learning_format, "format": activity.learning_format.removesuffix(" activity"),
        "credits": f"{maximum:.2f}", "ceu": in_second_unit(credit_type, maximum),
        "begins": long_date(activity.starts_on) if activity.starts_on else "",
    }  # fmt: skip
    return statements.fill(body, **{**dict.fromkeys(BLANKS, ""), **given, **blanks})


def in_second_unit(credit_type: CreditType, amount: Decimal) -> str:
    """The same amount in the unit that is printed beside it: 1.50 contact hours are 0.150 CEU (ACPE-1)."""
    return f"{amount * credit_type.second_factor:.3f}" if credit_type.second_factor else ""
