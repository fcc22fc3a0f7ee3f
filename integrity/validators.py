"""Checks of what disclosers write: a company by its name only, a month and a year."""

import datetime as dt
import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MARKS = "®™©℠"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def company_name(text: str) -> str:
    """The name with single spaces. Raises ValidationError when it is empty, too long or carries a mark (SII-3.5b)."""
    name = " ".join(text.split())
    if not name:
        raise ValidationError(_("Write the company’s name in full."))
    if any(mark in name for mark in MARKS):
        raise ValidationError(_("Write the company, not a product: its name without ® or ™."))
    if len(name) > 200:
        raise ValidationError(_("Write the company’s name in at most 200 characters."))
    return name


def month(text: str) -> dt.date | None:
    """The first day of the month meant by "March 2026", "Mar 2026", "3/2026" or "2026-03"; None when unclear."""
    words = text.strip().lower().rstrip(".")
    if found := re.fullmatch(r"([a-z]{3,9})\.?,?\s+(\d{4})", words):
        names = [n for n, name in enumerate(_MONTHS, 1) if found[1].startswith(name)]
        number, year = (names or [0])[0], int(found[2])
    elif found := re.fullmatch(r"(\d{1,2})\s*[/.-]\s*(\d{4})", words):
        number, year = int(found[1]), int(found[2])
    elif found := re.fullmatch(r"(\d{4})-(\d{1,2})", words):
        number, year = int(found[2]), int(found[1])
    else:
        return None
    return dt.date(year, number, 1) if 1 <= number <= 12 and 1900 <= year <= 2200 else None


def months_later(date: dt.date, months: int) -> dt.date:
    """The first day of the month that many months after a date's month."""
    years, index = divmod(date.month - 1 + months, 12)
    return dt.date(date.year + years, index + 1, 1)
