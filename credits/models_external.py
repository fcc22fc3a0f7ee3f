"""What stands on a transcript beside our own credit: topics of sessions, credit earned elsewhere, links for others."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q


class Topic(models.Model):
    """One topic that a state or federal mandate names, as data (rulebook section 11). PII: none."""

    code = models.CharField(max_length=30, primary_key=True)
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name


class SessionTopic(models.Model):
    """So many minutes of a session, or of an activity without sessions, are about a topic. PII: who said so; six years."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="topics")
    session = models.ForeignKey(
        "activities.Session", on_delete=models.PROTECT, null=True, blank=True, related_name="topics"
    )
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+")
    minutes = models.PositiveSmallIntegerField()
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=250)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=250, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "session", "topic"], condition=Q(removed_at=None), nulls_distinct=False, name="session_topic_once"
            ),
            models.CheckConstraint(
                condition=Q(minutes__gt=0), name="session_topic_minutes", violation_error_message="A topic takes at least a minute.",
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by="") | (Q(removed_at__isnull=False) & ~Q(removed_by="")),
                name="sessiontopic_removed_coherent", violation_error_message="A topic that was taken off names who did it.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.topic_id}: {self.minutes} min"


@pghistory.track()
class ExternalCredit(models.Model):
    """Credit a person says they earned elsewhere; we do not check it, and never issue it. PII: yes, as long as the person keeps it."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="external_credits")
    provider_name = models.CharField(max_length=200)
    title = models.CharField(max_length=250)
    earned_on = models.DateField()
    credit_type = models.ForeignKey(
        "credits.CreditType", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    other_type = models.CharField(max_length=80, blank=True, help_text="A type that we do not award")
    amount = models.DecimalField(max_digits=6, decimal_places=2)
    topics = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    proof = models.ForeignKey("common.StoredFile", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    form_key = models.UUIDField(
        null=True, blank=True, unique=True, help_text="One per opened page: a second press adds nothing"
    )
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=250)
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=250, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["person", "-earned_on"], condition=Q(removed_at=None), name="external_of_person")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lte=1000), name="external_amount_positive",
                violation_error_message="Credit is more than nothing, and at most 1,000 in one line.",
            ),
            models.CheckConstraint(
                condition=Q(credit_type__isnull=False, other_type="") | (Q(credit_type=None) & ~Q(other_type="")), name="external_type_coherent",
                violation_error_message="Credit has one type: one from the list, or one in words.",
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by="") | (Q(removed_at__isnull=False) & ~Q(removed_by="")),
                name="externalcredit_removed_coherent", violation_error_message="A removed line names who removed it.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.amount} {self.title}"


class TranscriptShare(models.Model):
    """A link by which anybody reads a part of one person's transcript until a day. PII: what it shows; the token is stored hashed."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="transcript_shares")
    token_hash = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=120, help_text="For whom, in the person's own words; nobody else reads it")
    filters = models.JSONField(encoder=DjangoJSONEncoder, default=dict)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="transcript_share_ends", violation_error_message="A link ends after it began.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"share {self.pk}"
