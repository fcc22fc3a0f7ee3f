"""Choices of the credits app."""

from django.db import models


class Rounding(models.TextChoices):
    """How minutes become units; each credit type has its own (IP-2)."""

    QUARTER_NEAREST = "quarter_nearest", "Nearest quarter hour (AMA-CALC-1)"
    HUNDREDTH_DOWN = "hundredth_down", "Two decimals, never up"


class Scope(models.TextChoices):
    """Decision 7: a course designates the activity, a series each session."""

    ACTIVITY = "activity", "The whole activity"
    SESSION = "session", "Each session"


class ClaimStatus(models.TextChoices):
    LIVE = "live", "Claimed"
    VOID = "void", "Withdrawn"


class CertificateStatus(models.TextChoices):
    ON_REQUEST = "on_request", "On request"
    PREPARING = "preparing", "Being prepared"
    ISSUED = "issued", "Issued"
    SUPERSEDED = "superseded", "Replaced"
    REVOKED = "revoked", "Revoked"
