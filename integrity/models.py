"""Disclosures and what the office decided about them (SII-3). Nothing here is ever rewritten (law 8)."""

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from common.models import append_only
from integrity import enums


@pghistory.track()
class Company(models.Model):
    """A company that somebody disclosed. PII: none."""

    name = models.CharField(max_length=200)
    eligibility = models.CharField(
        max_length=14, choices=enums.Eligibility.choices, default=enums.Eligibility.UNDETERMINED
    )
    reason = models.CharField(max_length=250, blank=True)
    traded = models.CharField(max_length=8, choices=enums.Traded.choices, default=enums.Traded.UNKNOWN)
    decided_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "companies"
        constraints = [
            models.UniqueConstraint(Upper("name"), name="company_name_once"),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None) | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="company_decided_coherent", violation_error_message="A decision has a person and a time.",
            ),
            # SII-3.5b: learners read companies by name only.
            models.CheckConstraint(
                condition=~Q(name__regex="[®™©℠]"), name="company_name_plain", violation_error_message="Write the company, not a product: its name without ® or ™."
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class DisclosureRequest(models.Model):
    """When a person was asked to disclose for an activity, and reminded. PII: ids."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="disclosure_requests")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="disclosure_requests")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=250)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["activity", "person"], name="disclosure_request_once")]

    def __str__(self) -> str:
        return f"{self.person_id} for {self.activity_id}"


class Disclosure(models.Model):
    """One person's statement of all relationships in the last 24 months (SII-3.1). PII: yes, six years."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="disclosures")
    answer = models.CharField(max_length=4, choices=enums.Answer.choices)
    method = models.CharField(max_length=8, choices=enums.Method.choices)
    definition_shown = models.CharField(
        max_length=60, help_text="Version of SII-E-1 and of the 24-month text on the page"
    )
    statement = models.TextField(help_text="The sentence attested")
    attested_name = models.CharField(max_length=520)
    submitted_at = models.DateTimeField()

    class Meta:
        ordering = ["-submitted_at"]
        triggers = [append_only("disclosure")]
        indexes = [models.Index(fields=["person", "-submitted_at"], name="disclosure_latest")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.submitted_at:%Y-%m-%d}"


class Relationship(models.Model):
    """One relationship with one company, as disclosed. PII: yes, six years."""

    disclosure = models.ForeignKey(Disclosure, on_delete=models.PROTECT, related_name="relationships")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="relationships")
    nature = models.CharField(max_length=16, choices=enums.Nature.choices)
    ended = models.BooleanField(default=False)
    ended_on = models.CharField(max_length=40, blank=True, help_text="Month and year as written")
    traded = models.CharField(max_length=8, choices=enums.Traded.choices, blank=True)

    class Meta:
        ordering = ["pk"]
        triggers = [append_only("relationship")]

    def __str__(self) -> str:
        return f"{self.company_id} {self.nature}"


class RelevanceDecision(models.Model):
    """The office's decision on one relationship in one activity (SII-3.3); the latest row counts. PII: ids."""

    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="decisions")
    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="relevance_decisions")
    relevant = models.BooleanField()
    rationale = models.TextField(blank=True)
    decided_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        triggers = [append_only("relevance")]
        indexes = [models.Index(fields=["activity", "relationship"], name="relevance_of_activity")]

    def __str__(self) -> str:
        return f"{self.relationship_id}: {'relevant' if self.relevant else 'not relevant'}"


class MitigationAction(models.Model):
    """What was done about a relevant relationship, before the role was assumed (SII-3.4). PII: names, six years."""

    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="mitigations")
    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="mitigations")
    strategy = models.CharField(max_length=24, choices=enums.Strategy.choices)
    performed_by = models.CharField(
        max_length=520, blank=True, help_text="The peer reviewer, who has no relevant relationship"
    )
    note = models.TextField(blank=True)
    implemented_at = models.DateTimeField()
    recorded_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        triggers = [append_only("mitigation")]

    def __str__(self) -> str:
        return f"{self.relationship_id}: {self.strategy}"


class ExclusionException(models.Model):
    """One of the three exceptions to SII-3.2 for an owner or employee, with its reason. PII: names, six years."""

    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="exceptions")
    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="+")
    exception = models.CharField(max_length=1, choices=[("a", "Content not related"), ("b", "Basic science, no care recommendations"), ("c", "Technician teaching safe use")])  # fmt: skip
    justification = models.TextField()
    approved_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()

    class Meta:
        triggers = [append_only("exclusion")]

    def __str__(self) -> str:
        return f"SII-3.2{self.exception}"


class DisclosureText(models.Model):
    """One disclosure as learners read it; deliveries point to it by its hash (SII-3.5d). PII: names, six years."""

    sha256 = models.CharField(max_length=64, unique=True)
    text = models.TextField()
    first_shown_at = models.DateTimeField()

    class Meta:
        triggers = [append_only("disclosure_text")]

    def __str__(self) -> str:
        return self.sha256[:8]
