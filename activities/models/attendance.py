"""The evidence ledger (law 1): rows are only ever added; a correction is a row that supersedes."""

from django.db import models
from django.db.models import Q

from accounts.models.identity import LedgerQuerySet
from activities.enums import EvidenceMethod
from common.models import append_only


class AttendanceEvidence(models.Model):
    """Which identity was at which session, how and when it is known. PII: points to an identity, six years."""

    session = models.ForeignKey("activities.Session", on_delete=models.PROTECT, related_name="evidence")
    identity = models.ForeignKey("accounts.Identity", on_delete=models.PROTECT, related_name="evidence")
    method = models.CharField(max_length=10, choices=EvidenceMethod.choices)
    at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(
        null=True, help_text="If known; without it the whole session is supported"
    )
    recorded_by = models.CharField(max_length=250)
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=120, blank=True)
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    withdrawn = models.BooleanField(default=False, help_text="A superseding row that takes the attendance back")
    reason = models.CharField(max_length=250, blank=True)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        triggers = [append_only("evidence")]
        verbose_name_plural = "attendance evidence"
        constraints = [
            models.CheckConstraint(
                condition=Q(supersedes=None, withdrawn=False) | Q(supersedes__isnull=False) & ~Q(reason=""),
                name="evidence_correction_coherent", violation_error_message="A correction says what it corrects and why.",
            ),
            # A double tap or a repeated request adds nothing: one first-hand row per way of knowing.
            models.UniqueConstraint(fields=["session", "identity", "method"], condition=Q(supersedes=None), name="evidence_once_per_method"),
        ]  # fmt: skip
        indexes = [models.Index(fields=["identity", "session"], name="evidence_of_identity")]

    def __str__(self) -> str:
        return f"{self.identity_id} at {self.session_id} by {self.method}"


class WalkIn(models.Model):
    """How somebody gave their name with a row under an address that is nobody's yet. PII: the name, six years."""

    evidence = models.OneToOneField(AttendanceEvidence, on_delete=models.PROTECT, related_name="walk_in")
    name = models.CharField(max_length=200)

    class Meta:
        triggers = [append_only("walk_in")]

    def __str__(self) -> str:
        return self.name


class SelfStatement(models.Model):
    """What a learner stated about their own attendance, in the words they read. PII: by its evidence, six years."""

    evidence = models.OneToOneField(AttendanceEvidence, on_delete=models.PROTECT, related_name="statement")
    sentence = models.TextField()
    version = models.CharField(max_length=80, help_text="Which wording it was")
    minutes = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        triggers = [append_only("self_statement")]

    def __str__(self) -> str:
        return f"{self.version}, {self.minutes} minutes"


class DisclosureDelivery(models.Model):
    """The disclosure a learner had on the page when they acted (SII-3.5e, decision 17). PII: person id, six years."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey("activities.Session", on_delete=models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    text_hash = models.CharField(max_length=64)
    channel = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        triggers = [append_only("delivery")]
        verbose_name_plural = "disclosure deliveries"
        indexes = [models.Index(fields=["person", "activity"], name="delivery_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id} saw {self.text_hash[:8]}"
