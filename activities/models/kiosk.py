"""A tablet at the door: the link it runs by, and what people did on it."""

from django.db import models
from django.db.models import Q

from activities.enums import EntryKind
from common.models import append_only


class Kiosk(models.Model):
    """A link that makes a tablet the door of one session, and of nothing else. PII: who opened it."""

    session = models.ForeignKey("activities.Session", on_delete=models.PROTECT, related_name="kiosks")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=250)
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=250, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by="") | (Q(closed_at__isnull=False) & ~Q(closed_by="")),
                name="kiosk_closed_coherent", violation_error_message="A closed kiosk names who closed it.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["session"], name="kiosk_of_session")]

    def __str__(self) -> str:
        return f"kiosk {self.pk} of {self.session_id}"


class KioskEntry(models.Model):
    """One press or scan on a tablet. PII: the badge, or name and address as given; six years."""

    kiosk = models.ForeignKey(Kiosk, on_delete=models.PROTECT, related_name="entries")
    key = models.UUIDField(help_text="Made by the tablet: the same entry brought twice is one")
    kind = models.CharField(max_length=8, choices=EntryKind.choices)
    value = models.CharField(max_length=254)
    name = models.CharField(max_length=200, blank=True)
    tablet_at = models.DateTimeField(help_text="As the tablet's clock said")
    received_at = models.DateTimeField()
    at = models.DateTimeField(help_text="The tablet's time set right by ours, within the hours of check-in")
    clamped = models.BooleanField(default=False, help_text="The time was outside of check-in")
    evidence = models.ForeignKey("activities.AttendanceEvidence", on_delete=models.PROTECT, null=True, related_name="+")
    problem = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "kiosk entries"
        triggers = [append_only("kiosk_entry")]
        constraints = [
            models.UniqueConstraint(fields=["kiosk", "key"], name="kiosk_entry_once"),
            models.CheckConstraint(
                condition=Q(evidence__isnull=False, problem="") | (Q(evidence=None) & ~Q(problem="")),
                name="kiosk_entry_coherent", violation_error_message="An entry is on record, or says why not.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
