"""Loads credit types and topics from the reference files."""

from common import reference
from credits.models import CreditType, Topic


def load() -> int:
    """Bring the credit types to what the file says. Returns how many there are."""
    return reference.bring(CreditType, reference.read("credit_types")["rows"], keys=("code",))


def load_topics() -> int:
    """Bring the topics of mandates to what the file says. Returns how many there are."""
    return reference.bring(Topic, reference.read("topics")["rows"], keys=("code",))
