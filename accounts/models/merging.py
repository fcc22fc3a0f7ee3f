"""Two records of one person: suggested, joined, taken apart again; and changed names."""

import pgtrigger
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from accounts.enums import MergeHow, SuggestionState
from accounts.models.person import Person
from common.models import append_only


class DuplicateSuggestion(models.Model):
    """Two people who may be one, with the reasons. PII: ids, and in the reasons what both share."""

    low = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", help_text="The smaller id")
    high = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list, help_text="[[key, points, sentence], …], most telling first")
    state = models.CharField(max_length=10, choices=SuggestionState.choices, default=SuggestionState.OPEN)
    asked_by_owner = models.BooleanField(
        default=False, help_text="The person proved both addresses and asks the office"
    )
    found_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=250, blank=True)
    note = models.CharField(max_length=250, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["low", "high"], name="suggestion_pair_once"),
            models.CheckConstraint(
                condition=Q(low__lt=F("high")), name="suggestion_pair_ordered",
                violation_error_message="A pair is two people, the smaller id first.",
            ),
            models.CheckConstraint(
                condition=Q(state="open", settled_at=None, settled_by="")
                | (~Q(state="open") & Q(settled_at__isnull=False) & ~Q(settled_by="")),
                name="suggestion_settled_coherent", violation_error_message="A settled pair says who settled it and when.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["-score", "id"], condition=Q(state="open"), name="suggestion_open")]

    def __str__(self) -> str:
        return f"{self.low_id} and {self.high_id}: {self.score}"


class PersonMerge(models.Model):
    """That one record was joined to another, and perhaps taken apart again. PII: ids; six years."""

    away = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="merges_away")
    kept = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="merges_kept")
    how = models.CharField(max_length=10, choices=MergeHow.choices)
    reason = models.TextField()
    remarks = models.JSONField(default=list, help_text="What was said before it was done, in sentences")
    merged_at = models.DateTimeField()
    merged_by = models.CharField(max_length=250)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=250, blank=True)
    undo_reason = models.TextField(blank=True)
    undo_remarks = models.JSONField(default=list, blank=True, help_text="What could not go back, in sentences")

    class Meta:
        triggers = [
            pgtrigger.ReadOnly(
                name="person_merge_fixed", fields=["away", "kept", "how", "reason", "remarks", "merged_at", "merged_by"]
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["away"], condition=Q(undone_at=None), name="merge_one_live"),
            models.CheckConstraint(
                condition=~Q(away=F("kept")), name="merge_two_people", violation_error_message="A person cannot be joined to themselves."
            ),
            models.CheckConstraint(
                condition=(Q(merged_at__isnull=False) & ~Q(merged_by="")), name="merge_merged_coherent",
                violation_error_message="A merge says who joined the records and when.",
            ),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by="", undo_reason="") | (Q(undone_at__isnull=False) & ~Q(undone_by="") & ~Q(undo_reason="")),
                name="merge_undone_coherent", violation_error_message="An undone merge says who undid it and why.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.away_id} → {self.kept_id}"


class PersonMergeItem(models.Model):
    """One cell that a merge changed, so that it can go back. PII: ids, and names where the name was chosen."""

    merge = models.ForeignKey(PersonMerge, on_delete=models.PROTECT, related_name="items")
    table = models.CharField(max_length=80, help_text="Model, as app.Model")
    row = models.CharField(max_length=40, help_text="Its key")
    column = models.CharField(max_length=60)
    old = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    new = models.JSONField(null=True, encoder=DjangoJSONEncoder)

    class Meta:
        triggers = [append_only("person_merge_item")]
        indexes = [models.Index(fields=["table", "row"], name="merge_item_row")]

    def __str__(self) -> str:
        return f"{self.table} {self.row}.{self.column}"


class NameChange(models.Model):
    """A name changed after it stood on a certificate, with its reason; perhaps certificates are asked anew. PII: names, six years."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="name_changes")
    old_name = models.CharField(max_length=520)
    new_name = models.CharField(max_length=520)
    reason = models.CharField(max_length=250)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=250)
    wants_certificates = models.BooleanField(default=False, help_text="Asks the office to issue certificates anew")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=250, blank=True)
    note = models.CharField(max_length=250, blank=True)

    class Meta:
        triggers = [
            pgtrigger.ReadOnly(
                name="name_change_fixed", fields=["old_name", "new_name", "reason", "changed_at", "changed_by"]
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(settled_at=None, settled_by="") | (Q(settled_at__isnull=False) & ~Q(settled_by="")),
                name="namechange_settled_coherent", violation_error_message="A settled request says who settled it.",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["changed_at"], condition=Q(wants_certificates=True, settled_at=None), name="name_change_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.old_name} → {self.new_name}"
