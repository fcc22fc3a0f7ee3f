"""Activity: one record from first draft to archive; before approval pages call it an application (decision 1)."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.enums import Profession
from activities import enums
from activities.enums import ActivityStatus
from activities.validators import usual_ways
from activities.workflow import ACTIVITY


def _list(choices: type[models.TextChoices], size: int) -> ArrayField:
    return ArrayField(models.CharField(max_length=size, choices=choices.choices), default=list, blank=True)


class ActivityNumber(models.Model):
    """The last number given in a year (decision 9). PII: none."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}-{self.last:04d}"


_LINE = (
    "number", "status", "kind", "title", "department", "zone", "starts_on", "ends_on", "delivery", "location", "city", "answer_due_on",
    "claim_opens_minutes", "claim_days", "evaluation_required",
)  # fmt: skip


class ActivityQuerySet(models.QuerySet["Activity"]):
    def public(self) -> "ActivityQuerySet":
        return self.filter(status__in=enums.PUBLIC, listed=True)


@pghistory.track()
class Activity(models.Model):
    """One course, series or enduring material. PII: names of who submitted and signed."""

    number = models.CharField(max_length=12, unique=True)
    status = models.CharField(max_length=12, choices=ActivityStatus.choices, default=ActivityStatus.DRAFT)
    kind = models.CharField(max_length=4, choices=enums.ActivityKind.choices, default=enums.ActivityKind.COURSE)
    title = models.CharField(max_length=250)
    department = models.ForeignKey("accounts.Department", on_delete=models.PROTECT, related_name="activities")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    # APP-1 and APP-3: basics and audience
    summary = models.TextField(blank=True, max_length=2500)
    zone = models.CharField(max_length=40, default="America/New_York")
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    delivery = models.CharField(max_length=12, choices=enums.Delivery.choices, default=enums.Delivery.IN_PERSON)
    location = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=120, blank=True)
    online_url = models.URLField(max_length=500, blank=True)
    capacity = models.PositiveIntegerField(null=True, blank=True)
    expected_learners = models.PositiveIntegerField(null=True, blank=True)
    professions = _list(Profession, 30)
    audience = models.CharField(max_length=250, blank=True)
    fee_text = models.CharField(max_length=120, blank=True)
    listed = models.BooleanField(default=True)

    # APP-6, 7, 8: expected results, format, competencies
    designed_to_change = _list(enums.ResultKind, 12)
    change_text = models.TextField(blank=True)
    methods = _list(enums.Method, 20)
    format_reason = models.TextField(blank=True)
    competencies = _list(enums.Competency, 24)

    # APP-11, 12: credit asked for, evaluation
    credit_types = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    # AMA-CALC-6: what learners take when they like has no agenda, but an estimate that somebody can follow
    estimated_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    estimate_basis = models.TextField(blank=True, max_length=1000)
    format_note = models.CharField(max_length=80, blank=True, help_text="What an “other activity” is, in few words")
    evaluation_level = models.CharField(max_length=2, choices=enums.MooreLevel.choices, blank=True)
    evaluation_tools = _list(enums.EvaluationTool, 20)
    evaluation_text = models.TextField(blank=True)

    # APP-16: attestations, signed by the activity director
    attest_independent = models.BooleanField(default=False)
    attest_no_marketing = models.BooleanField(default=False)
    attest_valid_content = models.BooleanField(default=False)
    attest_privacy = models.BooleanField(default=False)
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    signed_name = models.CharField(max_length=520, blank=True)

    submitted_at = models.DateTimeField(null=True, blank=True)
    answer_due_on = models.DateField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    designated_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    assigned_to = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    # Decision 8: rule parameters, overridable per activity before publishing
    claim_opens_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    claim_days = models.PositiveSmallIntegerField(null=True, blank=True)
    evaluation_required = models.BooleanField(default=True)
    check_in_ways = ArrayField(
        models.CharField(max_length=8, choices=enums.CheckInWay.choices), default=usual_ways, blank=True
    )
    previous = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="renewals")

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "activities"
        triggers = [ACTIVITY.trigger()]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="activity_dates_coherent",
                violation_error_message="The last day comes before the first day.",
            ),
            models.CheckConstraint(
                condition=~Q(kind="RSS") | Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__lte=F("starts_on") + 366),
                name="activity_series_twelve_months",
                violation_error_message="A series lasts at most 12 months; start a new one for the next year (CME-RSS-2).",
            ),
            models.CheckConstraint(
                condition=Q(signed_at=None, signed_by=None) | Q(signed_at__isnull=False, signed_by__isnull=False),
                name="activity_signed_coherent", violation_error_message="A signature has a person and a time.",
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=False) | ~Q(status__in=["published", "ended", "closing", "closed", "archived"]),
                name="activity_published_coherent", violation_error_message="A published activity has a time of publishing.",
            ),
            models.CheckConstraint(
                condition=Q(check_in_ways__contained_by=enums.CheckInWay.values), name="activity_ways_known",
                violation_error_message="One of these ways of checking in does not exist.",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["status", "starts_on"], name="activity_by_status"),
            models.Index(fields=["department", "-changed_at"], name="activity_by_department"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("activities:activity_detail", args=[self.number])

    @staticmethod
    def line(path: str = "") -> list[str]:
        """What a line of a list shows of an activity or decides by, for `.only()`: most columns are the texts of its plan."""
        return [path + name for name in _LINE]

    @property
    def is_series(self) -> bool:
        return self.kind == enums.ActivityKind.SERIES

    @property
    def learning_format(self) -> str:
        """[learning format] of statements and certificates (AMA-DES-2)."""
        kind = enums.ActivityKind(self.kind)
        if kind in enums.FORMAT_OF:
            return str(enums.FORMAT_OF[kind].value)
        return f"{enums.LearningFormat.OTHER.value} ({self.format_note or enums.OTHER_FORMATS[kind]})"

    @property
    def is_any_time(self) -> bool:
        """Learners take it when they like; it has no sessions to meet in."""
        return self.kind in enums.ANY_TIME

    @property
    def place(self) -> str:
        """ "Harbor Auditorium, Lakeshore", or empty for online ones."""
        return ", ".join(p for p in (self.location, self.city) if p)


class ActivityGap(models.Model):
    """A gap that an activity sets out to close. PII: none."""

    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="gap_links")
    gap = models.ForeignKey("activities.PracticeGap", on_delete=models.PROTECT, related_name="activity_links")
    own_learners = models.TextField(blank=True, help_text="How the gap applies to our own learners")
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["activity", "gap"], condition=Q(removed_at=None), name="activity_gap_once")
        ]

    def __str__(self) -> str:
        return f"{self.activity_id} ← {self.gap_id}"


class Objective(models.Model):
    """What the learner will do. PII: none."""

    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="objectives")
    position = models.PositiveSmallIntegerField(default=1)
    text = models.CharField(max_length=300)
    need = models.ForeignKey(
        "activities.Need", on_delete=models.PROTECT, null=True, blank=True, related_name="objectives"
    )
    result = models.CharField(max_length=12, choices=enums.ResultKind.choices, blank=True)
    commitment = models.CharField(
        max_length=300, blank=True, help_text="The change offered to learners in the evaluation"
    )
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.text


class SeriesPlan(models.Model):
    """How the sessions of a series recur, in local time (case 2). PII: none."""

    activity = models.OneToOneField(Activity, on_delete=models.PROTECT, related_name="series_plan")
    rule = models.CharField(max_length=200, help_text="RFC 5545, e.g. FREQ=WEEKLY;BYDAY=TU")
    start_time = models.TimeField()
    minutes = models.PositiveSmallIntegerField(default=60)
    left_out = ArrayField(models.DateField(), default=list, blank=True)

    def __str__(self) -> str:
        return self.rule
