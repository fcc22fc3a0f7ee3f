"""Session: one slot of an agenda or one meeting of a series."""

import pghistory
from django.db import models
from django.db.models import F, Q

from activities.enums import CheckInBy, SessionStatus, SlotKind
from activities.workflow import SESSION


@pghistory.track()
class Session(models.Model):
    """One slot with a time and a room; education or not. PII: none."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="sessions")
    status = models.CharField(max_length=10, choices=SessionStatus.choices, default=SessionStatus.PLANNED)
    kind = models.CharField(max_length=12, choices=SlotKind.choices, default=SlotKind.EDUCATION)
    title = models.CharField(max_length=250)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    room = models.CharField(max_length=120, blank=True)
    method = models.CharField(max_length=20, blank=True)
    evolving_topic = models.BooleanField(default=False, help_text="New or evolving topic, labelled as such (SII-1.3)")
    objectives = models.ManyToManyField("activities.Objective", blank=True, related_name="sessions")
    check_in_code = models.CharField(max_length=6, blank=True)
    code_released_at = models.DateTimeField(null=True, blank=True)
    check_in_by = models.CharField(max_length=8, choices=CheckInBy.choices, default=CheckInBy.SAME)
    check_out = models.BooleanField(default=False, help_text="People check out too; the minutes between count")
    sequence = models.PositiveSmallIntegerField(
        default=0, help_text="Raised when learners were told of a change (iCalendar)"
    )
    series_on = models.DateField(
        null=True, blank=True, help_text="The date of the recurrence that made it; stays when it is moved"
    )
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["starts_at", "pk"]
        triggers = [SESSION.trigger()]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="session_times_coherent",
                violation_error_message="A session must end after it begins.",
            ),
            # Decision 9: unique while it can be typed; a held or cancelled session keeps its code for the record.
            models.UniqueConstraint(
                fields=["check_in_code"],
                condition=Q(status__in=["planned", "ready"], removed_at=None) & ~Q(check_in_code=""),
                name="session_code_unique",
            ),
            # A date of the recurrence makes one session, however often its dates are confirmed.
            models.UniqueConstraint(
                fields=["activity", "series_on"],
                condition=Q(removed_at=None, series_on__isnull=False),
                name="session_series_date_once",
            ),
            models.CheckConstraint(
                condition=Q(code_released_at=None) | ~Q(check_in_code=""),
                name="session_code_coherent",
                violation_error_message="A released code exists.",
            ),
        ]
        indexes = [
            models.Index(fields=["activity", "starts_at"], name="session_by_activity"),
            models.Index(
                fields=["starts_at"],
                condition=Q(status__in=["planned", "ready"], removed_at=None),
                name="session_coming",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_education(self) -> bool:
        return self.kind == SlotKind.EDUCATION

    @property
    def minutes(self) -> int:
        """Length in minutes, in whole minutes."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)
