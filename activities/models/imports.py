"""Lists that somebody brings: the file, how it is read, and what became of every row. Attendance, and credit of a former system."""

import pgtrigger
from django.db import models
from django.db.models import Q

from activities.enums import ImportSource, ImportStatus, MatchedBy, RowVerdict
from activities.workflow import IMPORT

ENDED = (ImportStatus.REFUSED, ImportStatus.UNDONE, ImportStatus.DISCARDED)


class ImportBatch(models.Model):
    """One file: attendance for an activity or one session of it, or credit of a former system; from the upload to the record. PII: what its first rows say, who brought it; six years."""

    activity = models.ForeignKey(
        "activities.Activity", on_delete=models.PROTECT, null=True, related_name="imports",
        help_text="None for credit of a former system",
    )  # fmt: skip
    origin = models.CharField(max_length=120, blank=True, help_text="The former system that the rows were recorded in")
    session = models.ForeignKey(
        "activities.Session", on_delete=models.PROTECT, null=True, related_name="imports",
        help_text="All rows are of this session; without one the file says which",
    )  # fmt: skip
    again_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="repeated_by")
    file = models.ForeignKey("common.StoredFile", on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=12, choices=ImportSource.choices)
    status = models.CharField(max_length=10, choices=ImportStatus.choices, default=ImportStatus.PARSED)
    signature = models.CharField(max_length=64, help_text="Of its headings; the mapping is remembered by it")
    mapping = models.JSONField(default=dict, help_text="How the file is read: activities.domain.imports.lines.Reading")
    sample = models.JSONField(default=list, help_text="Its first rows, as [number, cells]")
    preview = models.PositiveIntegerField(
        default=0, help_text="Counts the previews: what is confirmed is what was seen"
    )
    position = models.PositiveIntegerField(default=0, help_text="The last row that the job under way is done with")
    done = models.PositiveIntegerField(default=0, help_text="Rows that the job under way is done with")
    total = models.PositiveIntegerField(default=0, help_text="Rows of the file; an estimate until it is read")
    counts = models.JSONField(default=dict, help_text="Verdict → rows")
    problem = models.CharField(max_length=250, blank=True, help_text="Why it could not be read")
    uploaded_at = models.DateTimeField()
    uploaded_by = models.CharField(max_length=250)
    uploaded_by_id = models.BigIntegerField(null=True)
    started_at = models.DateTimeField(null=True, help_text="When the job under way, or the last one, began")
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.CharField(max_length=250, blank=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=250, blank=True)
    undo_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "import batches"
        triggers = [
            IMPORT.trigger(),
            pgtrigger.ReadOnly(name="import_fixed", fields=["activity", "session", "origin", "file", "sha256", "uploaded_at", "uploaded_by"]),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(
                condition=(Q(activity__isnull=False, origin="") & ~Q(source="history")) | (Q(activity=None, session=None, source="history") & ~Q(origin="")),
                name="import_of_something", violation_error_message="Attendance is of an activity; credit of a former system names the system.",
            ),
            # The same file twice at the same moment: one of the two finds the other's.
            models.UniqueConstraint(
                fields=["activity", "session", "sha256"], condition=Q(again_of=None) & ~Q(status__in=ENDED), nulls_distinct=False,
                name="import_file_once",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, confirmed_by="") | (Q(confirmed_at__isnull=False) & ~Q(confirmed_by="")),
                name="import_confirmed_coherent", violation_error_message="A confirmed import says who confirmed it and when.",
            ),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by="", undo_reason="") | (Q(undone_at__isnull=False) & ~Q(undone_by="") & ~Q(undo_reason="")),
                name="import_undone_coherent", violation_error_message="An undone import says who undid it, when and why.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["writing", "confirmed", "undoing", "undone"]) | Q(confirmed_at__isnull=False),
                name="import_status_coherent", violation_error_message="Nothing is recorded before it is confirmed.",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["activity", "-uploaded_at"], name="import_of_activity"),
            models.Index(fields=["signature", "-uploaded_at"], name="import_signature"),
        ]

    def __str__(self) -> str:
        return f"import {self.pk}: {self.status}"

    @property
    def source_key(self) -> str:
        """What the evidence of this import names as its source."""
        return f"import:{self.pk}"

    @property
    def recorded(self) -> int:
        """How many rows are to be, or were, put on record."""
        return int(self.counts.get(RowVerdict.MATCHED, 0)) + int(self.counts.get(RowVerdict.NEW, 0))

    @property
    def to_look_at(self) -> int:
        """How many rows need somebody."""
        return int(self.counts.get(RowVerdict.PROBLEM, 0)) + int(self.counts.get(RowVerdict.SUGGESTED, 0))

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


class ImportRow(models.Model):
    """One row of such a file for one session: what it said, whose it is, what becomes of it. PII: the row; six years."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="lines", db_index=False)
    number = models.PositiveIntegerField(help_text="Row of the file, as a spreadsheet counts")
    part = models.PositiveSmallIntegerField(
        default=0, help_text="Which of its session columns, 0 where rows name the session"
    )
    cells = models.JSONField(default=list)
    verdict = models.CharField(max_length=10, choices=RowVerdict.choices)
    code = models.CharField(max_length=20, blank=True, help_text="Why, for programs")
    reason = models.CharField(max_length=250, blank=True, help_text="Why, in a sentence")
    how = models.CharField(max_length=10, choices=MatchedBy.choices, blank=True)
    name = models.CharField(max_length=200, blank=True, help_text="As the file has it")
    name_key = models.CharField(
        max_length=120, blank=True, help_text="For comparing: activities.domain.imports.names.key"
    )
    session = models.ForeignKey(
        "activities.Session", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    minutes = models.PositiveSmallIntegerField(null=True, help_text="That count; without them the whole session")
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    stated = models.PositiveIntegerField(
        null=True, help_text="Seconds, as the file says; between first joining and last leaving"
    )
    who = models.CharField(max_length=270, blank=True, help_text="One for all rows of one person: person:12 or email:…")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    candidates = models.JSONField(default=list, help_text="Whom it may be: p12 a person, r5 whoever row 5 is")
    identity_kind = models.CharField(max_length=10, blank=True)
    identity_value = models.CharField(max_length=254, blank=True)
    leader = models.PositiveIntegerField(null=True, help_text="The row that counts for this one too")
    identity = models.ForeignKey(
        "accounts.Identity", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    evidence = models.ForeignKey(
        "activities.AttendanceEvidence", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    settled_by = models.CharField(max_length=250, blank=True, help_text="Who said whose row it is")
    fact = models.CharField(max_length=64, blank=True, help_text="The same for rows that say the same credit")
    said = models.JSONField(default=dict, help_text="What the cells say, read: credits.domain.former_lines")

    class Meta:
        triggers = [
            pgtrigger.ReadOnly(name="import_row_fixed", fields=["batch", "number", "part", "cells"]),
            # A preview is made anew as often as somebody changes the columns; what was recorded stays.
            pgtrigger.Protect(name="import_row_kept", operation=pgtrigger.Delete, condition=pgtrigger.Condition("OLD.evidence_id IS NOT NULL")),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(fields=["batch", "number", "part"], name="import_row_once"),
            models.CheckConstraint(
                condition=Q(evidence=None) | Q(verdict__in=["matched", "new"], identity__isnull=False), name="import_row_evidence_coherent",
                violation_error_message="A recorded row says whose it is.",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["batch", "verdict", "number", "part"], name="import_row_verdict"),
            models.Index(fields=["batch", "session", "who"], condition=~Q(who=""), name="import_row_who"),
            models.Index(fields=["batch", "fact", "who"], condition=~Q(fact=""), name="import_row_fact"),
            models.Index(fields=["batch", "name_key"], condition=~Q(name_key=""), name="import_row_name"),
            models.Index(fields=["evidence"], condition=Q(evidence__isnull=False), name="import_row_evidence"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"row {self.number} of {self.batch_id}: {self.verdict}"
