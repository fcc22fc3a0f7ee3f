"""Choices of the office's lists."""

from django.db import models


class ReportAction(models.TextChoices):
    """What a body is told. A record there is never edited: a correction takes one back and adds another."""

    ADD = "add", "Credit to add"
    WITHDRAW = "withdraw", "Credit to take back"


class ReportStatus(models.TextChoices):
    TO_SEND = "to_send", "To send"
    SENT = "sent", "Sent"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Sent back"
    DROPPED = "dropped", "Not needed"


# What the body holds, as far as we know: it was sent, and nobody sent it back.
HELD = frozenset({ReportStatus.SENT, ReportStatus.ACCEPTED})
