"""Who does what in an activity (SII-3.0)."""

import pghistory
from django.db import models
from django.db.models import Q

from activities.enums import RoleKind


class ActivityRole(models.Model):
    """A person's part in an activity, or in one session of it. PII: ids and the role, six years."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="roles")
    session = models.ForeignKey(
        "activities.Session", on_delete=models.PROTECT, null=True, blank=True, related_name="roles"
    )
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="activity_roles")
    role = models.CharField(max_length=20, choices=RoleKind.choices)
    controls_content = models.BooleanField(default=True)
    assumed_at = models.DateTimeField()
    added_by = models.CharField(max_length=250)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "session", "person", "role"], condition=Q(removed_at=None), nulls_distinct=False, name="activity_role_once",
                violation_error_message="This person already has that role here.",
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by="") | (Q(removed_at__isnull=False) & ~Q(removed_by="")),
                name="activityrole_removed_coherent", violation_error_message="A removed role names who removed it.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["person"], condition=Q(removed_at=None), name="role_of_person")]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.person_id}"


pghistory.track()(ActivityRole)
