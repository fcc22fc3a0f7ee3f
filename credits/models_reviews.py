"""What the office decided about claims that the record no longer supports."""

import pgtrigger
from django.db import models
from django.db.models import Q

from common.models import append_only


class ClaimReview(models.Model):
    """A line of a claim that stands although the record supports less of it now: who decided so, and why. PII: ids; six years."""

    line = models.ForeignKey("credits.ClaimLine", on_delete=models.PROTECT, related_name="reviews")
    supported = models.PositiveIntegerField(
        help_text="Minutes on record then; when they change again, it is asked again"
    )
    reason = models.TextField()
    kept_at = models.DateTimeField()
    kept_by = models.CharField(max_length=250)

    class Meta:
        triggers: list[pgtrigger.Trigger] = [append_only("claim_review")]
        constraints = [
            models.UniqueConstraint(fields=["line", "supported"], name="claim_review_once"),
            models.CheckConstraint(
                condition=Q(kept_at__isnull=False) & ~Q(kept_by="") & ~Q(reason=""), name="claimreview_kept_coherent",
                violation_error_message="A decision has a time, a person and a reason.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"line {self.line_id} stands"
