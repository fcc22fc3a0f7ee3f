"""Which organisations plan an activity with the provider (CME-JP-1, ST-2, ST-6)."""

import pghistory
from django.db import models
from django.db.models import Q

from activities.enums import JointStanding


@pghistory.track()
class JointProvider(models.Model):
    """An organisation that plans an activity with us. PII: names of who added and removed it, six years."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="joint_providers")
    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, related_name="joint_activities", verbose_name="organization"
    )
    # ST-6: two accredited providers are co-providers, without a statement of their own.
    is_accredited = models.BooleanField()
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=250)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "organisation"], condition=Q(removed_at=None), name="joint_provider_once",
                violation_error_message="This organization is named already.",
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by="") | (Q(removed_at__isnull=False) & ~Q(removed_by="")),
                name="jointprovider_removed_coherent", violation_error_message="A removed organization names who removed it.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.organisation_id} in {self.activity_id}"

    @property
    def standing(self) -> JointStanding:
        """The office's verdict first; an accredited partner is not asked (SII-E-5, ST-6)."""
        if self.organisation.is_decided:
            return JointStanding(self.organisation.eligibility)
        if self.is_accredited:
            return JointStanding.ACCREDITED
        if self.organisation.has_yes:
            return JointStanding.TO_DECIDE
        return JointStanding.CLEAR if self.organisation.is_assessed else JointStanding.UNANSWERED
