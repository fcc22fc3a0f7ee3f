"""Every body but the provider, with what decides whether it may plan with us (SII-E-5, CME-JP-1)."""

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from accounts.enums import AssessmentQuestion, Eligibility, OrganisationKind


@pghistory.track()
class Organisation(models.Model):
    """Any body but the provider. PII: ids of who answered and decided."""

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=OrganisationKind.choices)
    created_at = models.DateTimeField()

    # SII-E-5: the self-assessment; empty means not answered
    makes_products = models.BooleanField(null=True, blank=True)
    advocates_for_ineligible = models.BooleanField(null=True, blank=True)
    educates_with_ineligible = models.BooleanField(null=True, blank=True)
    shares_with_sister = models.BooleanField(null=True, blank=True)
    sister_in_content = models.BooleanField(null=True, blank=True)
    sister_controls = models.BooleanField(null=True, blank=True)
    assessed_at = models.DateTimeField(null=True, blank=True)
    assessed_by = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    # CME-JP-1: what a person of the office decided
    eligibility = models.CharField(max_length=14, choices=Eligibility.choices, default=Eligibility.UNDETERMINED)
    eligibility_reason = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name, verbose_name_plural = "organization", "organizations"
        constraints = [
            models.UniqueConstraint(
                Upper("name"), name="organisation_name_once", violation_error_message="An organization of this name is known already."
            ),
            # The name stands in statements, where asterisks are marks and a line has no end in its middle.
            models.CheckConstraint(
                condition=~Q(name__regex=r"[*|{}\r\n]") & ~Q(name=""), name="organisation_name_plain",
                violation_error_message="Write the organization’s name as it stands in a statement, without * | { or }.",
            ),
            models.CheckConstraint(
                condition=Q(assessed_at=None, assessed_by=None) | Q(assessed_at__isnull=False, assessed_by__isnull=False),
                name="organisation_assessed_coherent", violation_error_message="Answers have a person and a time.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(eligibility=Eligibility.UNDETERMINED, decided_at=None, decided_by=None)
                    | ~Q(eligibility=Eligibility.UNDETERMINED) & Q(decided_at__isnull=False, decided_by__isnull=False) & ~Q(eligibility_reason="")
                ),
                name="organisation_decided_coherent", violation_error_message="A decision about eligibility has a reason, a person and a time.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def answers(self) -> dict[str, bool | None]:
        """The self-assessment by question; None where not answered (SII-E-5)."""
        return {name: getattr(self, name) for name in AssessmentQuestion.values}

    @property
    def is_assessed(self) -> bool:
        """Every question is answered."""
        return None not in self.answers.values()

    @property
    def has_yes(self) -> bool:
        """Any "yes" is for a person of the office to decide (SII-E-5)."""
        return True in self.answers.values()

    @property
    def assessment(self) -> str:
        """The self-assessment in a sentence, for lists and frozen plans."""
        if self.has_yes:
            return f"Yes to: {' '.join(self.yes_answers)}"
        return "No to every question" if self.is_assessed else "Not answered"

    @property
    def is_decided(self) -> bool:
        return self.eligibility != Eligibility.UNDETERMINED

    @property
    def yes_answers(self) -> list[str]:
        """The questions that were answered "yes", in words."""
        return [str(AssessmentQuestion(name).label) for name, answer in self.answers.items() if answer]
