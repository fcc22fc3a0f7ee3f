"""Credit that people earned before this portal, recorded from the system that the office used then."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models.identity import LedgerQuerySet
from common.models import append_only


class FormerCredit(models.Model):
    """One line of a former system's records, as its export says it: never claimed, issued or checked here. PII: points to an identity; as long as the person's transcript."""

    identity = models.ForeignKey("accounts.Identity", on_delete=models.PROTECT, related_name="former_credits")
    fact = models.CharField(max_length=64, help_text="The same for the same credit, whichever file says it")
    title = models.CharField(max_length=250)
    provider_name = models.CharField(max_length=200, blank=True)
    earned_on = models.DateField()
    credit_type = models.ForeignKey("credits.CreditType", on_delete=models.PROTECT, null=True, related_name="+")
    other_type = models.CharField(max_length=80, blank=True, help_text="A type that the office kept in words")
    amount = models.DecimalField(max_digits=6, decimal_places=2)
    minutes = models.PositiveIntegerField(null=True)
    format = models.CharField(max_length=80, blank=True)
    number = models.CharField(max_length=80, blank=True, help_text="Of the certificate that the former system issued")
    topics = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    origin = models.CharField(max_length=120, help_text="The former system, as the office calls it")
    batch = models.ForeignKey("activities.ImportBatch", on_delete=models.PROTECT, related_name="former_credits")
    row = models.OneToOneField("activities.ImportRow", on_delete=models.PROTECT, null=True, related_name="former")
    recorded_by = models.CharField(max_length=250)
    recorded_at = models.DateTimeField()
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    withdrawn = models.BooleanField(default=False, help_text="A superseding row that takes the line back")
    reason = models.CharField(max_length=250, blank=True)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        triggers = [append_only("former_credit")]
        constraints = [
            models.UniqueConstraint(fields=["identity", "fact"], condition=Q(supersedes=None), name="former_credit_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lte=1000), name="former_credit_amount", violation_error_message="Credit is more than nothing, and at most 1,000 in one line.",
            ),
            models.CheckConstraint(
                condition=Q(credit_type__isnull=False, other_type="") | (Q(credit_type=None) & ~Q(other_type="")), name="former_credit_type_coherent",
                violation_error_message="Credit has one type: one from the list, or one in words.",
            ),
            models.CheckConstraint(
                condition=(Q(supersedes=None, withdrawn=False) | Q(supersedes__isnull=False) & ~Q(reason="")) & (Q(withdrawn=True, row=None) | Q(withdrawn=False, row__isnull=False)),
                name="former_credit_correction_coherent", violation_error_message="A line names its row; one that is taken back says why.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["fact"], name="former_credit_fact")]

    def __str__(self) -> str:
        return f"{self.amount} {self.title}"


class TypeName(models.Model):
    """What another system calls a type of credit, as the office said once; without a type it stays in words. PII: who said so; six years."""

    key = models.CharField(max_length=80, unique=True, help_text="In small letters without signs")
    name = models.CharField(max_length=80, help_text="As it was first read")
    credit_type = models.ForeignKey("credits.CreditType", on_delete=models.PROTECT, null=True, related_name="+")
    said_at = models.DateTimeField()
    said_by = models.CharField(max_length=250)

    def __str__(self) -> str:
        return f"{self.name} → {self.credit_type_id or 'in words'}"
