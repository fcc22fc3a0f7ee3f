"""What has to be told to boards and registries, and what became of it."""

from typing import cast

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When

from accounts.enums import BOARDS
from accounts.models import PersonNumber
from reporting.enums import ReportAction, ReportStatus
from reporting.workflow import CREDIT_REPORT


class CreditReportQuerySet(models.QuerySet["CreditReport"]):
    def with_numbers(self) -> "CreditReportQuerySet":
        """Each with the number the body knows the person by, `number_value`, and whether it `may_be_told` (MOC-2).

        Permission is the person's and is read when it is needed, never copied; taking back asks for none.
        """
        mine = PersonNumber.objects.filter(
            person=OuterRef("total__claim__person"), kind=OuterRef("number_kind"), removed_at=None
        )
        silent = Q(action=ReportAction.ADD, number_kind__in=[str(kind) for kind in BOARDS])
        found = self.annotate(
            number_value=Subquery(mine.values("value")[:1]),
            may_be_told=Case(
                When(silent & ~Exists(mine.filter(report_ok_at__isnull=False)), then=Value(False)),
                default=Value(True), output_field=models.BooleanField(),
            ),
        )  # fmt: skip
        return cast("CreditReportQuerySet", found)


@pghistory.track()
class CreditReport(models.Model):
    """Credit of one type in one claim that a body is told of, or told to take back (MOC-2). PII: ids; six years."""

    total = models.ForeignKey("credits.ClaimTotal", on_delete=models.PROTECT, related_name="reports")
    number = models.PositiveSmallIntegerField(help_text="Of this credit: added, taken back, added again")
    action = models.CharField(max_length=8, choices=ReportAction.choices)
    body = models.CharField(max_length=60, help_text="Who is told")
    channel = models.CharField(max_length=40, help_text="By which way")
    number_kind = models.CharField(max_length=12, blank=True, help_text="The number the body knows a person by")
    amount = models.DecimalField(max_digits=6, decimal_places=2)
    completed_on = models.DateField()
    due_on = models.DateField()
    status = models.CharField(max_length=8, choices=ReportStatus.choices, default=ReportStatus.TO_SEND)
    made_at = models.DateTimeField()
    sent_on = models.DateField(null=True, blank=True)
    sent_as = models.ForeignKey(
        "accounts.PersonNumber", on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="The number that was sent",
    )  # fmt: skip
    reference = models.CharField(max_length=120, blank=True, help_text="What the upload was called")
    answered_on = models.DateField(null=True, blank=True)
    answer = models.TextField(blank=True, help_text="The body’s words, as they came")

    objects = CreditReportQuerySet.as_manager()

    class Meta:
        triggers = [
            CREDIT_REPORT.trigger(),
            pgtrigger.ReadOnly(
                name="credit_report_fixed",
                fields=["total", "number", "action", "body", "channel", "number_kind", "amount", "completed_on", "due_on", "made_at"],
            ),
            pgtrigger.Protect(name="credit_report_kept", operation=pgtrigger.Delete),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(fields=["total", "number"], name="credit_report_number_once"),
            models.UniqueConstraint(
                fields=["total"], condition=Q(status="to_send"), name="credit_report_one_open",
                violation_error_message="One thing at a time is due for this credit.",
            ),
            models.CheckConstraint(
                condition=Q(status="to_send", sent_on=None) | Q(status__in=["sent", "accepted", "rejected"], sent_on__isnull=False) | Q(status="dropped"),
                name="credit_report_sent_coherent", violation_error_message="What was sent says when.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["to_send", "sent"], answered_on=None, answer="") | Q(status="accepted", answered_on__isnull=False)
                | (Q(status="rejected", answered_on__isnull=False) & ~Q(answer="")) | Q(status="dropped"),
                name="credit_report_answered_coherent", violation_error_message="An answer says when it came; one that sends it back says why.",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0), name="credit_report_amount", violation_error_message="Credit is not negative.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["status", "due_on"], name="credit_report_due")]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.amount} to {self.body}"
