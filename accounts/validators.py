"""Value checks of people's addresses and numbers: pure functions that return the value as it is kept, or say what is wrong.

Formats marked unconfirmed are wider than a board may accept: a number refused here could never be right, one that passes
is still checked by the board.
"""

import calendar
import re

from django.core.exceptions import ValidationError

from accounts.enums import STATES, NumberKind

NPI_PREFIX = "80840"  # the issuer "United States, health": part of the check digit's sum, never printed
PHONE = re.compile(r"\+[1-9]\d{7,14}")
LICENCE = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9.\-/]{1,19}")
# kind → pattern of digits, and the sentence for what does not fit
NUMBERS: dict[str, tuple[re.Pattern[str], str]] = {
    NumberKind.NABP: (re.compile(r"\d{5,8}"), "An NABP e-Profile ID has 5 to 8 digits. Look it up in your NABP e-Profile; it is not your license number."),
    NumberKind.ABIM: (re.compile(r"\d{6}"), "An ABIM ID has six digits, without “ABIM” in front. It is on your Physician Portal."),
    NumberKind.OE_TRACKER: (re.compile(r"\d{4,8}"), "An OE TRACKER number has 4 to 8 digits. It is on your ARBO card."),
}  # fmt: skip
OTHER = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9\-]{1,19}")


def npi(typed: str) -> str:
    """An NPI (LRN-2): ten digits, the last of which checks the others by the Luhn sum over 80840 and the NPI."""
    digits = re.sub(r"[\s\-]", "", typed)
    if not re.fullmatch(r"[0-9]{10}", digits):
        raise ValidationError("An NPI has ten digits.")
    if digits[0] not in "12":
        raise ValidationError("An NPI begins with 1 or 2. Look at the first digit again.")
    if luhn(NPI_PREFIX + digits) != 0:
        raise ValidationError(
            "This is not an NPI: its last digit does not fit the others. Look for a wrong or swapped digit."
        )
    return digits


def luhn(digits: str) -> int:
    """The Luhn sum modulo 10; 0 when the last digit is right."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10


def number(kind: str, typed: str) -> str:
    """A number of a kind (`NumberKind`) as it is kept."""
    if kind == NumberKind.NPI:
        return npi(typed)
    value = re.sub(r"\s", "", typed).upper()
    if kind == NumberKind.ABIM:
        value = value.removeprefix("ABIM")
    pattern, sentence = NUMBERS.get(
        kind, (OTHER, "Write the number as it is on your card: letters, digits and dashes, up to 20.")
    )
    if not pattern.fullmatch(value) or not value.isascii():
        raise ValidationError(sentence)
    return value


def licence_number(typed: str) -> str:
    """A state licence number as it is kept: capitals, no blanks; leading zeros stay, states count them."""
    value = re.sub(r"\s", "", typed).upper()
    if not LICENCE.fullmatch(value):
        raise ValidationError(
            "Write the license number as it is on your license: letters, digits, dots and dashes, with at least one digit."
        )
    return value


def state(typed: str) -> str:
    """A two-letter code of a state that licenses."""
    value = typed.strip().upper()
    if value not in STATES:
        raise ValidationError("Choose the state that gave the license.")
    return value


def birthday(month: int, day: int) -> tuple[int, int]:
    """A month and a day that exist in some year (LRN-3, LRN-4). The year is never asked."""
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(2024, month)[1]:
        raise ValidationError("There is no such day. Choose the month and the day of your birthday.")
    return month, day


def phone(typed: str) -> str:
    """A phone number as E.164, +12025550123; without a country it is of North America."""
    text = typed.strip()
    if re.search(r"[A-Za-z]", text):
        raise ValidationError(
            "Write the number without an extension or words: only a phone that gets texts can check in."
        )
    digits = re.sub(r"\D", "", text)
    if text.startswith("+"):
        value = f"+{digits}"
    elif text.startswith("011"):
        value = f"+{digits[3:]}"
    elif len(digits) == 10:
        value = f"+1{digits}"
    else:
        value = f"+{digits}" if len(digits) == 11 and digits[0] == "1" else ""
    fits = bool(PHONE.fullmatch(value))
    if value.startswith("+1"):
        fits = bool(re.fullmatch(r"\+1[2-9]\d{2}[2-9]\d{6}", value))
    if not fits or not value.isascii():
        raise ValidationError(
            "Write a mobile number with its area code, for example 202-555-0123. Outside of North America begin with + and the country."
        )
    return value
