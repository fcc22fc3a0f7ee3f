"""Seeing the portal as somebody else: who of the office, whom, why, until when, and every page that was seen."""

import pgtrigger
from django.db import models
from django.db.models import Q

from accounts.enums import SeeAsEnd
from accounts.models.person import Person
from common.models import append_only


class SeeAs(models.Model):
    """One time that somebody of the office looked at the portal as a person. PII: ids, the reason; six years."""

    staff = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="seen_as")
    reason = models.TextField()
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_how = models.CharField(max_length=10, choices=SeeAsEnd.choices, blank=True)

    class Meta:
        verbose_name = "view as a person"
        verbose_name_plural = "views as a person"
        triggers = [
            pgtrigger.Protect(name="see_as_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="see_as_read_only", exclude=["ended_at", "ended_how"]),
        ]
        constraints = [
            models.UniqueConstraint(fields=["staff"], condition=Q(ended_at=None), name="see_as_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_how="") | (Q(ended_at__isnull=False) & ~Q(ended_how="")),
                name="see_as_ended_coherent", violation_error_message="What has ended says how.",
            ),
            models.CheckConstraint(
                condition=~Q(staff=models.F("person")) & ~Q(reason=""),
                name="see_as_reason_coherent", violation_error_message="Looking as somebody else has a reason.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["person", "-started_at"], name="see_as_of_person")]

    def __str__(self) -> str:
        return f"{self.staff_id} as {self.person_id}"


class SeeAsPage(models.Model):
    """One page that was seen as somebody else. PII: the address of the page, six years."""

    see_as = models.ForeignKey(SeeAs, on_delete=models.PROTECT, related_name="pages")
    path = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        triggers = [append_only("see_as_page")]

    def __str__(self) -> str:
        return self.path
