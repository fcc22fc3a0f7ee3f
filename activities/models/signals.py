"""Which browser checked in, and what somebody of the office found when they looked. Neither decides about credit."""

import pgtrigger
from django.db import models
from django.db.models import Q

from activities.enums import LookedAt
from common.models import append_only


class CheckInDevice(models.Model):
    """Which browser a check-in came from, by a random number of a cookie. PII: none of itself; days by a parameter."""

    evidence = models.OneToOneField("activities.AttendanceEvidence", on_delete=models.PROTECT, related_name="device")
    device = models.CharField(max_length=32, help_text="A digest: the cookie itself is kept nowhere")

    class Meta:
        # Never changed; deleted when its days are over.
        triggers = [pgtrigger.Protect(name="device_never_changed", operation=pgtrigger.Update)]
        indexes = [models.Index(fields=["device"], name="check_in_by_device")]

    def __str__(self) -> str:
        return f"{self.evidence_id} by {self.device[:6]}"


class CheckInReview(models.Model):
    """Somebody of the office looked at check-ins that stood out, and what they found. PII: the note; six years."""

    key = models.CharField(max_length=120, help_text="Which signal it was about")
    size = models.PositiveIntegerField(help_text="How much there was to see; more of it is a new signal")
    outcome = models.CharField(max_length=8, choices=LookedAt.choices)
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=250)

    class Meta:
        triggers = [append_only("check_in_review")]
        constraints = [
            models.UniqueConstraint(fields=["key", "size"], name="check_in_review_once"),
            models.CheckConstraint(
                condition=~Q(outcome="asked") | ~Q(note=""), name="check_in_review_coherent",
                violation_error_message="Say what came of asking.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.key}: {self.outcome}"
