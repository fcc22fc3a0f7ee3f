"""Loads credit types from the reference file."""

from common import reference
from credits.models import CreditType


def load() -> int:
    """Bring the credit types to what the file says. Returns how many there are."""
    return reference.bring(CreditType, reference.read("credit_types")["rows"], keys=("code",))
