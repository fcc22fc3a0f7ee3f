"""Kernel tables: audit, transitions, jobs, mail, wording, rule parameters, notes of what was seen."""

from typing import Self

import pgtrigger
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from common.sniffing import KINDS


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


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    def listed(self) -> Self:
        """What may be listed by its subject: a sign-in code stands in the subject."""
        return self.exclude(template="sign_in_code")


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

    objects = OutboxQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["to", "-created_at"], name="outbox_to")]

    def __str__(self) -> str:
        return self.subject


class OutboxAttachment(models.Model):
    """One file that goes with an e-mail, as it was sent. PII: a calendar entry names its receiver, kept one year."""

    message = models.ForeignKey(OutboxMessage, on_delete=models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=120, help_text="With its parameters: text/calendar; method=REQUEST")
    content = models.BinaryField()

    class Meta:
        ordering = ["pk"]
        triggers = [append_only("attachment")]

    def __str__(self) -> str:
        return self.name


class StoredFile(models.Model):
    """One uploaded file, kept in the private storage under `key` (decision 18). PII: what people put in it, who brought it; six years."""

    key = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=120, help_text="Cleaned, for people")
    kind = models.CharField(max_length=10)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    purpose = models.CharField(max_length=30)
    created_at = models.DateTimeField()
    created_by_id = models.BigIntegerField(null=True)
    created_by = models.CharField(max_length=250)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.CharField(max_length=250, blank=True)
    removed_reason = models.TextField(blank=True)

    class Meta:
        triggers = [
            pgtrigger.Protect(name="file_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="file_read_only", exclude=["removed_at", "removed_by", "removed_reason"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by="") | (Q(removed_at__isnull=False) & ~Q(removed_by="")),
                name="storedfile_removed_coherent", violation_error_message="A file that was taken down names who did it.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def content_type(self) -> str:
        return KINDS[self.kind].content_type

    @property
    def kind_word(self) -> str:
        """ "PDF"."""
        return KINDS[self.kind].word


class Dated(models.Model):
    """What holds from a date on (law 5). Revision 0 is from the files of the repository; later ones were written by a
    director, by whom and why, and are never changed again: what is wrong in one is put right by the next.
    """

    scope = models.CharField(max_length=40, blank=True)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    revision = models.PositiveSmallIntegerField(default=0)
    mandated_by = models.CharField(max_length=30, blank=True, help_text="The rule that leaves no choice here")
    source = models.CharField(max_length=250)
    checked_on = models.DateField()
    reason = models.TextField(blank=True)
    added_at = models.DateTimeField(null=True, blank=True)
    added_by = models.CharField(max_length=250, blank=True)

    class Meta:
        abstract = True

    @property
    def since(self) -> str:
        """ "2022-01-01"; a later revision of the same day says its number: "2022-01-01 (2)"."""
        return f"{self.effective_from} ({self.revision + 1})" if self.revision else str(self.effective_from)


def _version_kept(name: str) -> pgtrigger.Protect:
    return pgtrigger.Protect(
        name=f"{name}_version_kept", operation=pgtrigger.Update | pgtrigger.Delete, condition=pgtrigger.Q(old__revision__gt=0)
    )  # fmt: skip


_ADDED = Q(revision=0, added_at=None, added_by="") | (
    Q(revision__gt=0, added_at__isnull=False) & ~Q(added_by="") & ~Q(reason="")
)


class Statement(Dated):
    """One mandated sentence in one version (law 5). PII: name of the director who wrote it."""

    code = models.CharField(max_length=40)
    body = models.TextField()
    confirmed = models.BooleanField(default=True)

    class Meta:
        triggers = [_version_kept("statement")]
        constraints = [
            models.UniqueConstraint(fields=["code", "scope", "effective_from", "revision"], name="statement_version_unique"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gt=models.F("effective_from")),
                name="statement_dates_coherent", violation_error_message="A statement must end after it begins.",
            ),
            models.CheckConstraint(
                condition=_ADDED, name="statement_added_coherent",
                violation_error_message="A version that a director wrote says who, when and why.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.version

    @property
    def version(self) -> str:
        """Names this wording where somebody agreed to it: "LRN-6 2022-01-01"."""
        return f"{self.code} {self.since}"


class RuleParameter(Dated):
    """One number or choice that a rule uses, with the dates it holds (law 5). PII: name of the director who wrote it."""

    code = models.CharField(max_length=60)
    value = models.JSONField()
    unit = models.CharField(max_length=30, blank=True)
    description = models.CharField(max_length=250)
    minimum = models.IntegerField(null=True, blank=True, help_text="Less makes no sense")
    maximum = models.IntegerField(null=True, blank=True, help_text="More makes no sense")

    class Meta:
        triggers = [_version_kept("parameter")]
        constraints = [
            models.UniqueConstraint(fields=["code", "scope", "effective_from", "revision"], name="parameter_version_unique"),
            models.CheckConstraint(
                condition=_ADDED, name="ruleparameter_added_coherent",
                violation_error_message="A version that a director wrote says who, when and why.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.code} = {self.value}"


class ReferenceVersion(models.Model):
    """How often rule parameters changed: what a process remembers of them is as old as its number. PII: none."""

    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)


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
        indexes = [models.Index(fields=["kind", "subject_type", "subject_id"], name="seen_subject")]

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
