"""Kernel tables: audit, transitions, jobs, mail, wording, rule parameters, notes of what was seen."""

import pgtrigger
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q


def append_only(name: str) -> pgtrigger.Protect:
    """Refuse UPDATE and DELETE in the database: history is written once."""
    return pgtrigger.Protect(name=f"{name}_append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class AuditEvent(models.Model):
    """One act on one object. PII: the actor's name as it was, kept six years."""

    event = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=40)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=250)
    old = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    new = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["subject_type", "subject_id", "at"], name="audit_subject")]
        triggers = [append_only("audit")]

    def __str__(self) -> str:
        return f"{self.event} {self.subject_type} {self.subject_id}"


class TransitionLog(models.Model):
    """One change of one status. PII: the actor's name as it was, kept six years."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    workflow = models.CharField(max_length=30)
    verb = models.CharField(max_length=30)
    old = models.CharField(max_length=20)
    new = models.CharField(max_length=20)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=250)
    at = models.DateTimeField()
    reason = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["subject_type", "subject_id", "at"], name="transition_subject")]
        triggers = [append_only("transition")]

    def __str__(self) -> str:
        return f"{self.workflow} {self.subject_id}: {self.verb}"


class JobState(models.TextChoices):
    DUE = "due", "Due"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Job(models.Model):
    """One piece of slow work, written in the transaction that needs it (decision 16). PII: none, ids only."""

    name = models.CharField(max_length=100)
    args = models.JSONField(default=list)
    key = models.CharField(max_length=120, unique=True, null=True)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.DUE)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="job_open", condition=Q(state__in=["due", "running"]))]

    def __str__(self) -> str:
        return f"{self.name} {self.args}"


class Heartbeat(models.Model):
    """When a worker last ran something for beat. PII: none."""

    name = models.CharField(max_length=30, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class OutboxMessage(models.Model):
    """One e-mail to one address. PII: address and text, kept one year."""

    to = models.EmailField(max_length=254)
    to_name = models.CharField(max_length=250, blank=True)
    template = models.CharField(max_length=60)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    key = models.CharField(max_length=120, unique=True, null=True)

    class Meta:
        indexes = [models.Index(fields=["to", "-created_at"], name="outbox_to")]

    def __str__(self) -> str:
        return self.subject


class Statement(models.Model):
    """One mandated sentence in one version (law 5). PII: none."""

    code = models.CharField(max_length=40)
    scope = models.CharField(max_length=40, blank=True)
    body = models.TextField()
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=250)
    confirmed = models.BooleanField(default=True)
    checked_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "scope", "effective_from"], name="statement_version_unique"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gt=models.F("effective_from")),
                name="statement_dates_coherent", violation_error_message="A statement must end after it begins.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.code} {self.effective_from}"


class RuleParameter(models.Model):
    """One number or choice that a rule uses, with the dates it holds (law 5). PII: none."""

    code = models.CharField(max_length=60)
    scope = models.CharField(max_length=40, blank=True)
    value = models.JSONField()
    unit = models.CharField(max_length=30, blank=True)
    description = models.CharField(max_length=250)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=250)
    checked_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "scope", "effective_from"], name="parameter_version_unique")
        ]

    def __str__(self) -> str:
        return f"{self.code} = {self.value}"


class Waiver(models.Model):
    """A recorded exception to one rule for one object (WF-12). PII: names of who asked and approved, six years."""

    rule = models.CharField(max_length=30)
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    reason = models.TextField()
    asked_by = models.CharField(max_length=250)
    approved_by_id = models.BigIntegerField()
    approved_by_label = models.CharField(max_length=250)
    approved_at = models.DateTimeField()
    until = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="waiver_subject")]
        triggers = [append_only("waiver")]
        constraints = [
            # WF-12: these three can never be waived, whatever the code above believes.
            models.CheckConstraint(
                condition=~Q(rule__in=["SII-3.2", "SII-4.2", "AMA-CORE-1"]), name="waiver_rule_allowed",
                violation_error_message="SII-3.2, SII-4.2 and AMA-CORE-1 cannot be waived (WF-12).",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.rule} {self.subject_type} {self.subject_id}"


class SeenNote(models.Model):
    """What was shown to whom (decision 17): append-only, lossy by design. PII: a person's id, kept six years."""

    kind = models.CharField(max_length=40)
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        triggers = [append_only("seen")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"


class RateBucket(models.Model):
    """How often something was tried lately. PII: a hash only, hours."""

    key = models.CharField(max_length=150, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    window_ends = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class ClockOffset(models.Model):
    """How far the demo's clock is moved (decision 20). PII: none."""

    seconds = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.seconds} s"
