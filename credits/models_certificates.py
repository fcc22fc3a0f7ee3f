"""How certificates look (versioned designs), what became of them, and work over many of them at once."""

import pgtrigger
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from common.models import append_only
from credits import enums

HEX = r"^#[0-9a-f]{6}$"
ACCENT, INK = "#0a5469", "#14252c"


class CertificateDrawing(models.Model):
    """One picture of a design, in the bytes that are printed (common/artwork.py). PII: a signature, with whose it is; six years."""

    kind = models.CharField(max_length=10, choices=enums.DrawingKind.choices)
    name = models.CharField(max_length=120, help_text="Of the file that was uploaded")
    file_type = models.CharField(max_length=3, help_text="svg or png")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    width = models.FloatField(help_text="In the drawing's own units")
    height = models.FloatField()
    signer_name = models.CharField(
        max_length=200, blank=True, help_text="Whose signature it is; printed under no other name"
    )
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=250)

    class Meta:
        triggers = [append_only("certificate_drawing")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="signature") | ~Q(signer_name=""), name="drawing_signature_named",
                violation_error_message="A signature says whose it is.",
            ),
            models.CheckConstraint(
                condition=Q(width__gt=0, height__gt=0), name="drawing_sized", violation_error_message="A drawing has a size.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def ratio(self) -> float:
        return self.width / self.height


_LOOKS = (
    "number",
    "logo_id",
    "seal_id",
    "signature_id",
    "accent",
    "ink",
    "border",
    "engraving",
    "head",
    "foot",
    "office_line",
    "digest",
)
_CHANGED = " OR ".join(f'OLD."{column}" IS DISTINCT FROM NEW."{column}"' for column in _LOOKS)


class CertificateTemplate(models.Model):
    """One version of how certificates look. Only a draft changes; what was issued keeps its version. PII: who made it; six years."""

    number = models.PositiveSmallIntegerField(unique=True)
    status = models.CharField(max_length=7, choices=enums.TemplateStatus.choices, default=enums.TemplateStatus.DRAFT)
    logo = models.ForeignKey(CertificateDrawing, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    seal = models.ForeignKey(CertificateDrawing, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    signature = models.ForeignKey(CertificateDrawing, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    accent = models.CharField(max_length=7, default=ACCENT, help_text="Frame, engraving, seal ring")
    ink = models.CharField(max_length=7, default=INK, help_text="Text")
    border = models.BooleanField(default=True)
    engraving = models.BooleanField(default=True, help_text="The fine lines behind the text")
    head = models.CharField(max_length=12, choices=enums.HeadOrder.choices, default=enums.HeadOrder.SEAL)
    foot = models.CharField(
        max_length=24, choices=enums.FootOrder.choices, default=enums.FootOrder.SIGN_STATEMENT_CHECK
    )
    office_line = models.CharField(max_length=160, blank=True)
    note = models.CharField(max_length=250, blank=True, help_text="What changed, for the office")
    digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of all that is printed from it, once it is in use"
    )
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=250)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=250)
    in_use_at = models.DateTimeField(null=True, blank=True)
    in_use_by = models.CharField(max_length=250, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["-number"]
        triggers = [
            pgtrigger.Trigger(
                name="template_frozen", when=pgtrigger.Before, operation=pgtrigger.Update,
                condition=pgtrigger.Condition(f"OLD.status <> 'draft' AND ({_CHANGED} OR NEW.status = 'draft')"),
                func="RAISE EXCEPTION 'a design that was used is frozen';",
            ),
            pgtrigger.Protect(name="template_kept", operation=pgtrigger.Delete, condition=~pgtrigger.Q(old__status="draft")),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(fields=["status"], condition=Q(status="draft"), name="template_one_draft"),
            models.UniqueConstraint(fields=["status"], condition=Q(status="in_use"), name="template_one_in_use"),
            models.CheckConstraint(
                condition=Q(status="draft", in_use_at=None, in_use_by="") | (~Q(status="draft") & Q(in_use_at__isnull=False) & ~Q(in_use_by="") & ~Q(digest="")),
                name="template_in_use_coherent", violation_error_message="A design in use says who put it to use and when.",
            ),
            models.CheckConstraint(
                condition=(~Q(status="retired") & Q(retired_at=None, retired_by="")) | (Q(status="retired", retired_at__isnull=False) & ~Q(retired_by="")),
                name="template_retired_coherent", violation_error_message="A retired design says who retired it and when.",
            ),
            models.CheckConstraint(
                condition=Q(accent__regex=HEX, ink__regex=HEX), name="template_colors_written",
                violation_error_message="A color is written like #0a5469.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"design {self.number}"


class CertificateEvent(models.Model):
    """What became of a certificate after it was issued; `why` is public, the rest is the office's. PII: who did it; six years."""

    certificate = models.ForeignKey("credits.Certificate", on_delete=models.PROTECT, related_name="events")
    act = models.CharField(max_length=10, choices=enums.CertificateAct.choices)
    why = models.CharField(max_length=10, choices=enums.CertificateWhy.choices)
    reason = models.TextField(help_text="For the record; not public")
    note = models.TextField(blank=True, help_text="Goes to the learner with the news")
    quiet = models.BooleanField(default=False, help_text="The learner is told in another way")
    at = models.DateTimeField()
    by = models.CharField(max_length=250)

    class Meta:
        ordering = ["at", "pk"]
        triggers = [append_only("certificate_event")]

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.act}"


class CertificateRun(models.Model):
    """One piece of work over many certificates, begun only when a person confirmed how many. PII: who asked; its file goes after some days."""

    kind = models.CharField(max_length=5, choices=enums.RunKind.choices)
    status = models.CharField(max_length=8, choices=enums.RunStatus.choices, default=enums.RunStatus.DRAFT)
    activity = models.ForeignKey(
        "activities.Activity", on_delete=models.PROTECT, null=True, related_name="certificate_runs"
    )
    chosen = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text="Sessions and days, as they were chosen"
    )
    again = models.BooleanField(default=False, help_text="Mail: also to those who had it before")
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    step = models.PositiveIntegerField(default=0, help_text="How many jobs it took")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=250)
    asked_person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(null=True)
    started_by = models.CharField(max_length=250, blank=True)
    finished_at = models.DateTimeField(null=True)
    file_key = models.CharField(max_length=80, blank=True)
    file_name = models.CharField(max_length=120, blank=True)
    file_size = models.BigIntegerField(default=0)
    file_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="draft", started_at=None, started_by="") | Q(status="stopped") | (~Q(status="draft") & Q(started_at__isnull=False) & ~Q(started_by="")),
                name="certificaterun_started_coherent", violation_error_message="Work that was begun says who confirmed it and when.",
            ),
            models.CheckConstraint(
                condition=Q(done__lte=F("total"), skipped__lte=F("total"), failed__lte=F("total")), name="certificaterun_counts_coherent",
                violation_error_message="More was done than there is.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def left(self) -> int:
        return self.total - self.done - self.skipped - self.failed


class CertificateRunItem(models.Model):
    """One claim of a run: what was done about its certificate. PII: ids."""

    run = models.ForeignKey(CertificateRun, on_delete=models.PROTECT, related_name="items")
    claim = models.ForeignKey("credits.Claim", on_delete=models.PROTECT, related_name="+")
    certificate = models.ForeignKey("credits.Certificate", on_delete=models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=7, choices=enums.ItemStatus.choices, default=enums.ItemStatus.WAITING)
    note = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["run", "claim"], name="run_item_once")]
        indexes = [models.Index(fields=["run", "status"], name="run_item_open")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.claim_id}"
