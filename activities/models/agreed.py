"""What the office agreed to, to be compared with what is (WF-11)."""

from django.db import models

from activities.enums import AgreedHow
from common.models import append_only


class AgreedPlan(models.Model):
    """Agenda, dates, place, people and objectives as the office agreed to them. PII: people's ids, name of who agreed; six years."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="agreements")
    number = models.PositiveSmallIntegerField()
    how = models.CharField(max_length=12, choices=AgreedHow.choices)
    facts = models.JSONField()
    # The plan's own mark then: an activity with another one may have changed since.
    plan_changed_at = models.DateTimeField()
    at = models.DateTimeField()
    by = models.CharField(max_length=250)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        triggers = [append_only("agreed_plan")]
        constraints = [models.UniqueConstraint(fields=["activity", "number"], name="agreed_plan_number_once")]

    def __str__(self) -> str:
        return f"{self.activity_id} #{self.number}"
