"""Copies of a person's whole record, made on request and kept for some days."""

from django.db import models
from django.db.models import Q


class RecordExport(models.Model):
    """One copy of a person's record that somebody asked for. PII: all of it, in a file that goes after some days."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="record_exports")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=250)
    asked_person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True, help_text="Why the office asked; empty for one's own")
    ready_at = models.DateTimeField(null=True, blank=True)
    file_key = models.CharField(max_length=80, blank=True)
    file_size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    file_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            # Asking twice finds the one that is being made.
            models.UniqueConstraint(fields=["person", "asked_person"], condition=Q(ready_at=None), name="record_export_once"),
            models.CheckConstraint(
                condition=Q(ready_at=None, file_until=None, sha256="") | (Q(ready_at__isnull=False, file_until__isnull=False) & ~Q(sha256="")),
                name="record_export_ready_coherent", violation_error_message="A copy that is ready has a file and a last day.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"record of {self.person_id}"
