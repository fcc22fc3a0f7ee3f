"""Accreditation and designation statements, verbatim from the wording of the day (ST-1…4, ST-7, AMA-DES-1)."""

import datetime as dt
from decimal import Decimal

from accounts.enums import AccreditationMode
from accounts.models import AccreditationTerm, Provider
from activities.models import Activity
from common import clock, statements
from credits.models import CreditType

CODES = {AccreditationMode.ACCME_DIRECT: "ST-1", AccreditationMode.STATE: "ST-3", AccreditationMode.JOINT: "ST-4"}


def term_on(day: dt.date) -> AccreditationTerm | None:
    """The provider's accreditation term on a date."""
    return AccreditationTerm.objects.filter(starts_on__lte=day, ends_on__gte=day).order_by("-starts_on").first()


def accreditation(on: dt.date | None = None) -> str:
    """The accreditation statement of direct providership for the mode of the day (ST-7). Raises LookupError without a term."""
    day = on or clock.now().date()
    term = term_on(day)
    if term is None:
        raise LookupError(f"The provider has no accreditation term on {day}.")
    body = statements.body(CODES[AccreditationMode(term.mode)], on=day)
    return statements.fill(
        body, provider=Provider.current().name, accreditor=term.accreditor_name, accreditor_short=term.accreditor_short
    )


def designation(activity: Activity, credit_type: CreditType, maximum: Decimal, on: dt.date | None = None) -> str:
    """The designation statement of a credit type; for a series `maximum` is that of one session (AMA-DES-4). Empty where none is mandated."""
    if not credit_type.designation_statement:
        return ""
    body = statements.body(credit_type.designation_statement, on=on)
    return statements.fill(
        body, provider=Provider.current().name, learning_format=activity.learning_format, credits=f"{maximum:.2f}"
    )
