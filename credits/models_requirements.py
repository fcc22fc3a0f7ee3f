"""What states, boards and hospitals ask for, as dated data, and which of it a person chose."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_NTH = (
    "",
    gettext_lazy("In each renewal"),
    gettext_lazy("In every second renewal"),
    gettext_lazy("In every third renewal"),
)


class ProfileKind(models.TextChoices):
    STATE = "state", "State license"
    FEDERAL = "federal", "Federal registration"
    BOARD = "board", "Specialty board"
    HOSPITAL = "hospital", "Hospital or employer"


class Every(models.TextChoices):
    """How often a requirement is asked for (credits.meters.Rule)."""

    CYCLE = "cycle", "In each cycle"
    YEAR = "year", "In each year of the cycle"
    FIRST = "first", "By the first renewal that asks for credit"
    FIRST_THEN_YEARS = "first_then_years", "In the first renewal that asks for credit, then every so many years"
    NTH = "nth", "Once in so many renewals"
    ONCE = "once", "Once"


class RequirementProfile(models.Model):
    """What one body asks for, from a day on: from the reference file, or written by the office. PII: who wrote it; six years."""

    code = models.CharField(max_length=30)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True, help_text="First day on which it no longer holds")
    kind = models.CharField(max_length=8, choices=ProfileKind.choices)
    name = models.CharField(max_length=120)
    cycle_months = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: the person says from when")
    minutes_per_hour = models.PositiveSmallIntegerField(default=60, help_text="50 in Connecticut (ST-CT-1)")
    exempt_renewals = models.PositiveSmallIntegerField(default=0, help_text="The first renewals that ask for nothing")
    rule = models.CharField(max_length=20, blank=True, help_text="Id in the rulebook")
    source = models.CharField(max_length=300)
    note = models.TextField(blank=True, help_text="What is asked for besides, in words")
    confirmed = models.BooleanField(default=True, help_text="Read at its source; others are marked as not confirmed")
    checked_on = models.DateField()
    revision = models.PositiveIntegerField(default=0, help_text="0: from the reference file")
    written_by = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["kind", "name", "-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["code", "effective_from", "revision"], name="profile_version_once"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gt=F("effective_from")), name="profile_dates_coherent",
                violation_error_message="It ends after it begins.",
            ),
            models.CheckConstraint(
                condition=Q(minutes_per_hour__gte=1, minutes_per_hour__lte=60), name="profile_hour_length",
                violation_error_message="An hour has between 1 and 60 minutes here.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class Requirement(models.Model):
    """One line of a profile: so many hours, of what, how often. PII: none."""

    profile = models.ForeignKey(RequirementProfile, on_delete=models.PROTECT, related_name="requirements")
    key = models.CharField(max_length=30)
    label = models.CharField(max_length=120)
    hours = models.DecimalField(max_digits=5, decimal_places=2)
    every = models.CharField(max_length=16, choices=Every.choices, default=Every.CYCLE)
    number = models.PositiveSmallIntegerField(default=0)
    topics = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    credit_types = ArrayField(models.CharField(max_length=20), default=list, blank=True, help_text="Empty: any")
    condition = models.CharField(max_length=160, blank=True, help_text="For whom, if not for all: asked of the learner")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["profile", "key"], name="requirement_once"),
            models.CheckConstraint(
                condition=Q(hours__gt=0), name="requirement_hours_positive", violation_error_message="A requirement has hours."
            ),
            models.CheckConstraint(
                condition=~Q(every__in=["nth", "first_then_years"]) | Q(number__gt=0), name="requirement_number_given",
                violation_error_message="Say every how many.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.label

    @property
    def how_often(self) -> str:
        """ "Every 6 years, and in the first renewal that asks for credit"."""
        if self.every == Every.NTH:
            return (
                _("In every renewal with a number that %(n)s divides") % {"n": self.number}
                if self.number > 3
                else str(_NTH[self.number])
            )
        if self.every == Every.FIRST_THEN_YEARS:
            return _("In the first renewal that asks for credit, then every %(n)s years") % {"n": self.number}
        return str(self.get_every_display())


class PersonRequirement(models.Model):
    """A profile that a person chose to watch, with their own dates. PII: ids and dates, as long as the person keeps it."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="requirements")
    profile_code = models.CharField(max_length=30)
    starts_on = models.DateField(null=True, blank=True, help_text="Only where the profile has no cycle of its own")
    renews_on = models.DateField()
    renewal = models.PositiveSmallIntegerField(default=2, help_text="Which renewal it is: 1 is the first")
    applies = ArrayField(
        models.CharField(max_length=30),
        default=list,
        blank=True,
        help_text="Conditional lines that concern this person",
    )
    added_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["renews_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["person", "profile_code"], condition=Q(removed_at=None), name="person_requirement_once"),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(renews_on__gt=F("starts_on")), name="person_requirement_dates_coherent",
                violation_error_message="The renewal comes after the first day that counts.",
            ),
            models.CheckConstraint(
                condition=Q(renewal__gte=1), name="person_requirement_renewal", violation_error_message="Renewals are counted from 1.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.person_id}: {self.profile_code}"
