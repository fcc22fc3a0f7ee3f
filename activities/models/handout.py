"""Handouts: what learners get to read before, during or after (decision 38)."""

import pghistory
from django.db import models
from django.db.models import Q

from activities.enums import VisibleFrom


@pghistory.track()
class Handout(models.Model):
    """One document of an activity, or of one session of it: a file or a link. PII: who added it; what is inside is the planners' to answer for."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="handouts")
    session = models.ForeignKey(
        "activities.Session", on_delete=models.PROTECT, null=True, blank=True, related_name="handouts"
    )
    title = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField(default=1)
    visible_from = models.CharField(max_length=12, choices=VisibleFrom.choices, default=VisibleFrom.REGISTRATION)
    file = models.ForeignKey("common.StoredFile", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    url = models.URLField(max_length=500, blank=True)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=250)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(file=None) & ~Q(url="") | Q(file__isnull=False, url=""), name="handout_content_coherent",
                violation_error_message="A handout is either a file or a link.",
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by="") | (Q(removed_at__isnull=False) & ~Q(removed_by="")),
                name="handout_removed_coherent", violation_error_message="A removed handout names who removed it.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["activity"], condition=Q(removed_at=None), name="handout_of_activity")]

    def __str__(self) -> str:
        return self.title
