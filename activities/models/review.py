"""Submission: the frozen plan. Change requests and decisions: what the office asked and answered."""

from django.db import models
from django.db.models import Q

from activities.enums import DecisionKind, Section
from common.models import append_only


class Submission(models.Model):
    """The plan exactly as it was sent in. PII: names inside the plan, six years."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="submissions")
    number = models.PositiveSmallIntegerField()
    plan = models.JSONField()
    submitted_at = models.DateTimeField()
    submitted_by = models.CharField(max_length=250)

    class Meta:
        ordering = ["number"]
        triggers = [append_only("submission")]
        constraints = [models.UniqueConstraint(fields=["activity", "number"], name="submission_number_once")]

    def __str__(self) -> str:
        return f"{self.activity_id} #{self.number}"


class ChangeRequest(models.Model):
    """One thing the office asks the planners to change. PII: names of who asked and answered, six years."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="change_requests")
    section = models.CharField(max_length=12, choices=Section.choices)
    text = models.TextField()
    rule = models.CharField(max_length=20, blank=True)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None) | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="changerequest_answered_coherent", violation_error_message="An answer has a person and a time.",
            ),
            models.CheckConstraint(
                condition=Q(settled_at=None, settled_by=None) | Q(settled_at__isnull=False, settled_by__isnull=False),
                name="changerequest_settled_coherent", violation_error_message="A settled request has a person and a time.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.text[:60]


class Decision(models.Model):
    """The office's answer to one submission. PII: name of who decided, six years."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="decisions")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=10, choices=DecisionKind.choices)
    reason = models.TextField(blank=True)
    findings = models.JSONField(default=list)
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        triggers = [append_only("decision")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.activity_id}"
