"""Loads credit types from the reference file."""

from common import reference
from credits.models import CreditType


def load() -> int:
    """Bring the credit types to what the file says. Returns how many there are."""
    rows = reference.read("credit_types")["rows"]
    for row in rows:
        CreditType.objects.update_or_create(code=row["code"], defaults={k: v for k, v in row.items() if k != "code"})
    return len(rows)
