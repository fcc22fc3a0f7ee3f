"""Registration: a person signed up for an activity."""

import pghistory
from django.db import models
from django.db.models import Q

from activities.enums import RegistrationStatus
from activities.workflow import REGISTRATION


@pghistory.track()
class Registration(models.Model):
    """One person's place, or place in the queue. PII: accommodation request; kept six years."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="registrations")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="registrations")
    status = models.CharField(max_length=12, choices=RegistrationStatus.choices, default=RegistrationStatus.REGISTERED)
    share_consent = models.BooleanField(
        default=False, help_text="May be told to ineligible companies (SII-2.3); unticked by default"
    )
    consent_wording = models.CharField(max_length=40, blank=True)
    accommodation = models.TextField(blank=True)
    created_at = models.DateTimeField()
    offered_until = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=20, default="web")

    class Meta:
        triggers = [REGISTRATION.trigger()]
        constraints = [
            models.UniqueConstraint(fields=["activity", "person"], condition=~Q(status="cancelled"), name="registration_once"),
            models.CheckConstraint(
                condition=Q(status="offered", offered_until__isnull=False) | ~Q(status="offered"), name="registration_offer_coherent",
                violation_error_message="An offered place has an end.",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_at__isnull=False) | Q(~Q(status="cancelled"), cancelled_at=None),
                name="registration_cancelled_coherent", violation_error_message="A cancelled registration has a time.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["person", "status"], name="registration_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.activity_id}: {self.status}"
