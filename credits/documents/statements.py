"""Accreditation and designation statements, verbatim from the wording of the day (ST-1…7, AMA-DES-1)."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from accounts.enums import AccreditationMode
from accounts.models import AccreditationTerm, Provider
from activities.models import Activity
from common import clock, statements
from credits.models import CreditType

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


def designation(activity: Activity, credit_type: CreditType, maximum: Decimal, on: dt.date | None = None) -> str:
    """The designation statement of a credit type; for a series `maximum` is that of one session (AMA-DES-4). Empty where none is mandated."""
    if not credit_type.designation_statement:
        return ""
    body = statements.body(credit_type.designation_statement, on=on)
    return statements.fill(
        body, provider=Provider.current().name, learning_format=activity.learning_format, credits=f"{maximum:.2f}"
    )
