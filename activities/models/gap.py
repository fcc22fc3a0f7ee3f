"""The institution's library of gaps in practice (VOC-GAP, CORE-4)."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from activities.enums import NeedKind, SourceKind


class PracticeGap(models.Model):
    """What is done now against what should be done. PII: the recorder's id."""

    department = models.ForeignKey("accounts.Department", on_delete=models.PROTECT, related_name="gaps")
    title = models.CharField(max_length=160)
    audience = models.CharField(max_length=250, blank=True)
    current_practice = models.TextField(blank=True)
    desired_practice = models.TextField(blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("activities:gap_detail", args=[self.pk])


class GapEvidence(models.Model):
    """One source that shows the gap. PII: none, but for what a file attached to it holds."""

    gap = models.ForeignKey(PracticeGap, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=20, choices=SourceKind.choices)
    citation = models.CharField(max_length=400)
    finding = models.TextField(blank=True, help_text="What it shows, in a number if there is one")
    url = models.URLField(max_length=500, blank=True)
    file = models.ForeignKey("common.StoredFile", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "gap evidence"

    def __str__(self) -> str:
        return self.citation


class Need(models.Model):
    """What is missing behind a gap: knowledge, competence or performance (VOC-NEED). PII: none."""

    gap = models.ForeignKey(PracticeGap, on_delete=models.PROTECT, related_name="needs")
    kind = models.CharField(max_length=12, choices=NeedKind.choices)
    text = models.CharField(max_length=400)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["gap", "kind"], condition=Q(removed_at=None), name="need_kind_once")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text}"
