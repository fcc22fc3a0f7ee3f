"""Credit types, designations, claims and certificates. Credit is money to a learner: the database keeps it once."""

from collections.abc import Mapping
from decimal import Decimal

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from accounts.models.identity import LedgerQuerySet
from common.models import append_only
from credits import enums


class CreditTypeQuerySet(models.QuerySet["CreditType"]):
    def settled(self) -> list["CreditType"]:
        """The types with what the office settled of them in place of what the file leaves open. Two queries; never save these."""
        found: list[CreditType] = list(self)
        values = TypeSetting.in_force()
        for kind in found:
            kind.settle(values.get(kind.pk, {}))
        return found


class CreditType(models.Model):
    """One kind of credit, as data (IP-2), from the reference file; what it leaves open is a TypeSetting. PII: none."""

    code = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=80)
    unit_one = models.CharField(max_length=80, help_text="With the mark: *AMA PRA Category 1 Credit*™")
    unit_many = models.CharField(max_length=80)
    second_unit = models.CharField(max_length=20, blank=True, help_text="Printed beside the first: CEU (ACPE-1)")
    second_factor = models.DecimalField(max_digits=6, decimal_places=3, default=0)
    family = models.CharField(
        max_length=20, blank=True, help_text="A session is claimed once of a family; empty: the code"
    )
    rounding = models.CharField(max_length=20, choices=enums.Rounding.choices, blank=True, help_text="Empty: not known")
    hour = models.PositiveSmallIntegerField(null=True, help_text="Minutes of one unit: 60, 50, 30 for teaching")
    increment = models.DecimalField(
        max_digits=4, decimal_places=2, null=True, help_text="The step a learner chooses in"
    )
    minimum = models.DecimalField(max_digits=4, decimal_places=2, default=0)
    partial = models.CharField(max_length=10, choices=enums.Partial.choices, blank=True, help_text="Empty: not known")
    follows = models.CharField(max_length=20, blank=True, help_text="Never more than was claimed of this type (MOC-5)")
    needs = models.CharField(max_length=10, choices=enums.Need.choices, blank=True)
    professions = ArrayField(models.CharField(max_length=30), default=list, blank=True, help_text="Empty: everyone")
    physicians_only = models.BooleanField(default=False)
    planner_professions = ArrayField(
        models.CharField(max_length=30), default=list, blank=True, help_text="One of them is among the planners"
    )
    activity_kinds = ArrayField(models.CharField(max_length=4), default=list, blank=True)
    modes = ArrayField(
        models.CharField(max_length=20), default=list, blank=True,
        help_text="Accreditation modes that permit it; others need a term of their own",
    )  # fmt: skip
    elective = models.BooleanField(
        default=False, help_text="The learner asks for it; the rest follows from the profession"
    )
    teaching = models.BooleanField(default=False, help_text="For presenting, not for attending (AMA-FMT-1T)")
    is_attendance = models.BooleanField(default=False, help_text="Documents attendance; carries no credit of its own")
    designation_fields = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    kinds = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        help_text="The kinds its board counts (MOC-8); empty: any",
    )
    once_a_day = models.BooleanField(default=False, help_text="One completion a day in an activity (MOC-7)")
    last_day = models.CharField(
        max_length=40,
        blank=True,
        help_text="The parameter with the day by which its body wants a year’s credit (MOC-7)",
    )
    learner_fields = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    report_to = models.CharField(max_length=40, blank=True)
    report_within_days = models.PositiveSmallIntegerField(null=True)
    designation_statement = models.CharField(max_length=40, blank=True)
    certificate_note = models.CharField(max_length=40, blank=True, help_text="A statement printed on the certificate")
    rule = models.CharField(max_length=20, blank=True)
    sources = models.JSONField(
        default=dict, help_text="Value → mark and rule, as in the rulebook: {rounding: U ANCC-1}"
    )
    position = models.PositiveSmallIntegerField(default=0)

    objects = CreditTypeQuerySet.as_manager()
    # Set by `settle`: the sentence that the office wrote where none is known.
    statement_text = ""

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name

    @property
    def kin(self) -> str:
        """What a session is claimed once of (AMA-FMT-1T)."""
        return self.family or self.code

    def settle(self, values: Mapping[str, object]) -> None:
        """Put the office's answers in place, on this instance only."""
        for name, value in values.items():
            if name == "statement":
                self.statement_text = str(value)
            else:
                field: models.Field[object, object] = self._meta.get_field(name)  # type: ignore[assignment]
                setattr(self, name, field.to_python(value))

    @property
    def unknown(self) -> list[str]:
        """What has to be settled before it can be designated: the rulebook gives no value, and a credit depends on it."""
        if self.is_attendance:
            return []
        found = [name for name in ("rounding", "hour", "increment", "partial") if not getattr(self, name)]
        if not self.designation_statement and not self.statement_text and not self.teaching:
            found.append("statement")
        return found


class TypeSetting(models.Model):
    """What the office settled about a value that the rulebook leaves open, and who told it. PII: who settled it."""

    credit_type = models.ForeignKey(CreditType, on_delete=models.PROTECT, related_name="settings")
    name = models.CharField(max_length=30)
    value = models.JSONField(encoder=DjangoJSONEncoder)
    source = models.CharField(max_length=250, help_text="Letter of the accreditor, handbook and page, call with whom")
    settled_at = models.DateTimeField()
    settled_by = models.CharField(max_length=250)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        triggers = [pgtrigger.ReadOnly(name="type_setting_fixed", exclude=["ended_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["credit_type", "name"], condition=Q(ended_at=None), name="type_setting_once"
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=False) & ~Q(settled_by="") & ~Q(source=""), name="typesetting_settled_coherent",
                violation_error_message="What is settled says who settled it and who said so.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.credit_type_id}.{self.name}"

    @classmethod
    def in_force(cls) -> dict[str, dict[str, object]]:
        """What the office settled, by type and name of the value. One query."""
        found: dict[str, dict[str, object]] = {}
        for code, name, value in cls.objects.filter(ended_at=None).values_list("credit_type", "name", "value"):
            found.setdefault(code, {})[name] = value
        return found


class AwardTerm(models.Model):
    """A period in which the provider may award a credit type, by whose leave. PII: who wrote it down."""

    credit_type = models.ForeignKey(CreditType, on_delete=models.PROTECT, related_name="terms")
    number = models.CharField(max_length=60, blank=True, help_text="Provider or approval number")
    statement = models.TextField(
        blank=True, help_text="The accreditation or approval statement of the letter, word for word"
    )
    starts_on = models.DateField()
    ends_on = models.DateField()
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=250)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Withdrawn, or written anew")
    ended_by = models.CharField(max_length=250, blank=True)
    end_reason = models.CharField(max_length=250, blank=True)

    class Meta:
        triggers = [pgtrigger.ReadOnly(name="award_term_fixed", exclude=["ended_at", "ended_by", "end_reason"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="award_term_dates_coherent",
                violation_error_message="A term ends after it begins.",
            ),
            models.CheckConstraint(
                condition=Q(added_at__isnull=False) & ~Q(added_by=""), name="awardterm_added_coherent",
                violation_error_message="A term says who wrote it down.",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by="", end_reason="") | (Q(ended_at__isnull=False) & ~Q(ended_by="") & ~Q(end_reason="")),
                name="awardterm_ended_coherent", violation_error_message="A term that was ended says who ended it and why.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.credit_type_id} {self.starts_on}–{self.ends_on}"


class Designation(models.Model):
    """A credit type and its maximum for an activity, or for each of its sessions, with the arithmetic of that day. PII: name of who designated."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="designations")
    credit_type = models.ForeignKey(CreditType, on_delete=models.PROTECT, related_name="designations")
    scope = models.CharField(max_length=8, choices=enums.Scope.choices)
    maximum = models.DecimalField(max_digits=6, decimal_places=2)
    minutes = models.PositiveIntegerField()
    rounding = models.CharField(max_length=20, choices=enums.Rounding.choices, default=enums.Rounding.QUARTER_NEAREST)
    hour = models.PositiveSmallIntegerField(default=60)
    increment = models.DecimalField(max_digits=4, decimal_places=2, default=Decimal("0.25"))
    minimum = models.DecimalField(max_digits=4, decimal_places=2, default=0)
    partial = models.CharField(max_length=10, choices=enums.Partial.choices, default=enums.Partial.ATTESTED)
    needs = models.CharField(max_length=10, choices=enums.Need.choices, blank=True)
    each = models.DecimalField(
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Credit of one piece of work, where the format sets it",
    )
    covers = ArrayField(
        models.BigIntegerField(), default=list, blank=True, help_text="The sessions that count; empty: all (MOC-5)"
    )
    details = models.JSONField(default=dict, blank=True, help_text="What this type needs besides: UAN, category (IP-4)")
    statement = models.TextField(help_text="Rendered from the statement of the day; printed from here")
    accreditation_statement = models.TextField()
    rule_set = models.CharField(max_length=20)
    designated_at = models.DateTimeField()
    designated_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        triggers = [pgtrigger.ReadOnly(name="designation_fixed", exclude=["ended_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "credit_type"], condition=Q(ended_at=None), name="designation_once"
            ),
            models.CheckConstraint(
                condition=Q(maximum__gte=0),
                name="designation_maximum_positive",
                violation_error_message="Credit is not negative.",
            ),
            models.CheckConstraint(
                condition=Q(hour__gt=0, increment__gt=0), name="designation_arithmetic_positive",
                violation_error_message="A unit has minutes, and a step.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.maximum} {self.credit_type_id}"


class Achievement(models.Model):
    """Work that somebody completed and that carries credit: evidence, only ever added (law 1). PII: points to an identity, six years."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="achievements")
    identity = models.ForeignKey("accounts.Identity", on_delete=models.PROTECT, related_name="achievements")
    kind = models.CharField(max_length=12, choices=enums.Work.choices)
    label = models.CharField(
        max_length=120, blank=True, help_text="Which one: the number of a manuscript, the question of a cycle"
    )
    accepted = models.BooleanField(help_text="Passed, approved by the editor, complete")
    score = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True, help_text="Percent")
    needed = models.DecimalField(
        max_digits=5, decimal_places=2, null=True, blank=True, help_text="Percent, as told beforehand"
    )
    completed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=250)
    source = models.CharField(max_length=120, blank=True)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    withdrawn = models.BooleanField(default=False, help_text="A superseding row that takes it back")
    origin_id = models.BigIntegerField(
        null=True, blank=True, help_text="The row it began with: a correction is the same work"
    )
    reason = models.CharField(max_length=250, blank=True)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        triggers = [append_only("achievement")]
        constraints = [
            models.CheckConstraint(
                condition=Q(recorded_at__isnull=False) & ~Q(recorded_by=""), name="achievement_recorded_coherent",
                violation_error_message="A record says who made it and when.",
            ),
            models.CheckConstraint(
                condition=Q(supersedes=None, withdrawn=False) | Q(supersedes__isnull=False) & ~Q(reason=""),
                name="achievement_correction_coherent", violation_error_message="A correction says what it corrects and why.",
            ),
            models.CheckConstraint(
                condition=Q(score=None) | Q(needed=None) | Q(accepted=False, score__lt=F("needed")) | Q(accepted=True, score__gte=F("needed")),
                name="achievement_mark_coherent", violation_error_message="Passed is what reaches the mark (AMA-FMT-2).",
            ),
            # One first-hand row per piece of work: a repeated upload adds nothing.
            models.UniqueConstraint(
                fields=["activity", "identity", "kind", "label", "completed_at"], condition=Q(supersedes=None), name="achievement_once",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["identity", "activity"], name="achievement_of_identity")]

    def __str__(self) -> str:
        return f"{self.kind} {self.label or self.pk}"


class Presentation(models.Model):
    """That somebody presented in a session, and for how long: what teaching credit rests on (AMA-FMT-1T). PII: ids, six years."""

    session = models.ForeignKey("activities.Session", on_delete=models.PROTECT, related_name="presentations")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="presentations")
    minutes = models.PositiveSmallIntegerField()
    original = models.BooleanField(help_text="Not given before; a repeated one counts once")
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=250)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Corrected by a newer row, or taken back")
    ended_by = models.CharField(max_length=250, blank=True)

    class Meta:
        triggers = [
            pgtrigger.ReadOnly(
                name="presentation_fixed", fields=["session", "minutes", "original", "recorded_at", "recorded_by"]
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "person"], condition=Q(ended_at=None), name="presentation_once",
                violation_error_message="This presentation is written down already.",
            ),
            models.CheckConstraint(
                condition=Q(recorded_at__isnull=False, minutes__gt=0) & ~Q(recorded_by=""), name="presentation_recorded_coherent",
                violation_error_message="A presentation has minutes, and says who wrote it down.",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by="")), name="presentation_ended_coherent",
                violation_error_message="A presentation that was corrected says by whom.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.person_id} in {self.session_id}"


@pghistory.track()
class Claim(models.Model):
    """One act of claiming by one person (decision 6). PII: ids; six years."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="claims")
    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="claims")
    status = models.CharField(max_length=5, choices=enums.ClaimStatus.choices, default=enums.ClaimStatus.LIVE)
    claimed_at = models.DateTimeField()
    participated_on = models.DateField(help_text="Last day attended, in the activity's zone")
    rule_set = models.CharField(max_length=20)
    attestation = models.TextField(help_text="The sentence the learner agreed to")
    is_physician = models.BooleanField(help_text="As of the claim (AMA-CORE-4)")
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.CharField(max_length=250, blank=True)
    void_reason = models.TextField(blank=True)
    form_key = models.UUIDField(
        null=True, unique=True, help_text="One per opened page: a second press finds the first claim"
    )
    adjusts = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="adjusted_by", help_text="The claim it took the place of",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="live", voided_at=None, voided_by="") | (Q(status="void", voided_at__isnull=False) & ~Q(voided_by="") & ~Q(void_reason="")),
                name="claim_void_coherent", violation_error_message="A withdrawn claim has a time, a person and a reason.",
            )
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["person", "-participated_on"], name="claim_of_person"),
            models.Index(fields=["activity", "person"], name="claim_of_activity"),
        ]

    def __str__(self) -> str:
        return f"claim {self.pk}"


class ClaimTotal(models.Model):
    """What a claim carries of one credit type: rounded once, capped (decision 7). PII: ids."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="totals")
    credit_type = models.ForeignKey(CreditType, on_delete=models.PROTECT, related_name="+")
    designation = models.ForeignKey(Designation, on_delete=models.PROTECT, null=True, related_name="claim_totals")
    minutes = models.PositiveIntegerField()
    credits = models.DecimalField(max_digits=6, decimal_places=2)
    designated = models.DecimalField(
        max_digits=6, decimal_places=2, help_text="The maximum then, for non-physician wording (AMA-CERT-2)"
    )
    details = models.JSONField(default=dict, blank=True, help_text="What is printed with it: the UAN, CEUs (ACPE-1)")

    class Meta:
        triggers = [append_only("claim_total")]
        constraints = [
            models.UniqueConstraint(fields=["claim", "credit_type"], name="claim_total_once"),
            # AMA-CALC-5: never more than was designated.
            models.CheckConstraint(
                condition=Q(credits__gte=0) & Q(credits__lte=F("designated")), name="claim_total_within_designation",
                violation_error_message="More credit than was designated.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.credits} {self.credit_type_id}"


class ClaimLine(models.Model):
    """One session (or piece of work) of one credit type in a claim, with the facts that supported it. PII: ids."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="lines")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey("activities.Session", on_delete=models.PROTECT, null=True, related_name="claim_lines")
    achievement = models.ForeignKey(Achievement, on_delete=models.PROTECT, null=True, related_name="claim_lines")
    presentation = models.ForeignKey(Presentation, on_delete=models.PROTECT, null=True, related_name="claim_lines")
    credit_type = models.ForeignKey(CreditType, on_delete=models.PROTECT, related_name="+")
    family = models.CharField(max_length=20, help_text="Of which a session is claimed once (AMA-FMT-1T)")
    unit = models.CharField(max_length=30, blank=True, help_text="The piece of work, where there is no session")
    minutes = models.PositiveIntegerField()
    credits = models.DecimalField(
        max_digits=6, decimal_places=2, null=True, help_text="Per line in a series only (decision 7)"
    )
    facts = models.JSONField(encoder=DjangoJSONEncoder)
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        triggers = [pgtrigger.ReadOnly(name="claim_line_fixed", exclude=["voided_at"])]
        constraints = [
            # Decision 6: over live lines, one per person, session (or activity) and credit type. No race gets past this.
            models.UniqueConstraint(
                fields=["person", "session", "family"], condition=Q(voided_at=None, session__isnull=False), name="claim_line_session_once",
                violation_error_message="This session is claimed already.",
            ),
            models.UniqueConstraint(
                fields=["person", "activity", "family", "unit"], condition=Q(voided_at=None, session=None), name="claim_line_activity_once",
                violation_error_message="This work is claimed already.",
            ),
            models.CheckConstraint(
                condition=~Q(family="") & (Q(session__isnull=False, unit="", achievement=None) | Q(session=None, presentation=None, achievement__isnull=False) & ~Q(unit="")),
                name="claim_line_unit_coherent", violation_error_message="A line is of a session or of a piece of work.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"line {self.pk}"


class Certificate(models.Model):
    """A frozen document about one claim (law 4). PII: the snapshot, six years."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="certificates")
    number = models.PositiveSmallIntegerField(default=1, help_text="Version")
    status = models.CharField(max_length=12, choices=enums.CertificateStatus.choices)
    code = models.CharField(max_length=24, unique=True)
    snapshot = models.JSONField(encoder=DjangoJSONEncoder)
    template_version = models.CharField(max_length=40)
    template = models.ForeignKey(
        "credits.CertificateTemplate", on_delete=models.PROTECT, null=True, blank=True, related_name="certificates",
        help_text="The design; none: the portal's own",
    )  # fmt: skip
    sha256 = models.CharField(max_length=64, blank=True)
    signed_with = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the signing certificate; empty: not signed"
    )
    requested_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True, blank=True)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replacement"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=250, blank=True)
    end_why = models.CharField(max_length=10, choices=enums.CertificateWhy.choices, blank=True, help_text="Public")
    end_reason = models.TextField(blank=True, help_text="For the record; not public")

    class Meta:
        triggers = [
            pgtrigger.ReadOnly(
                name="certificate_frozen",
                fields=["claim", "number", "code", "snapshot", "template_version", "template", "requested_at", "supersedes"],
            ),
            pgtrigger.Trigger(
                name="certificate_bytes_once", when=pgtrigger.Before, operation=pgtrigger.UpdateOf("sha256", "signed_with"),
                condition=pgtrigger.Q(old__sha256__gt="")
                & (~pgtrigger.Q(old__sha256=pgtrigger.F("new__sha256")) | ~pgtrigger.Q(old__signed_with=pgtrigger.F("new__signed_with"))),
                func="RAISE EXCEPTION 'an issued certificate is frozen';",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["sha256"], condition=~Q(sha256=""), name="certificate_of_bytes")]
        constraints = [
            models.UniqueConstraint(fields=["claim"], condition=Q(status__in=["on_request", "preparing", "issued"]), name="certificate_one_live"),
            models.UniqueConstraint(fields=["claim", "number"], name="certificate_number_once"),
            models.CheckConstraint(
                condition=Q(status__in=["on_request", "preparing"], issued_at=None) | Q(status__in=["superseded", "revoked"])
                | (Q(status="issued", issued_at__isnull=False) & ~Q(sha256="")),
                name="certificate_issued_coherent", violation_error_message="An issued certificate has bytes and a time.",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by="") | (Q(status__in=["superseded", "revoked"], ended_at__isnull=False) & ~Q(ended_by="") & ~Q(end_reason="")),
                name="certificate_ended_coherent", violation_error_message="A certificate that ended says who ended it and why.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.code


class CertificateFile(models.Model):
    """The bytes of a certificate, in a table that no list joins (decision 18). PII: yes, six years."""

    certificate = models.OneToOneField(Certificate, on_delete=models.PROTECT, primary_key=True, related_name="file")
    content = models.BinaryField()

    class Meta:
        triggers = [append_only("certificate_file")]

    def __str__(self) -> str:
        return f"bytes of {self.certificate_id}"


class TranscriptDocument(models.Model):
    """A transcript somebody asked for, frozen as of then; the same content is made once. PII: the snapshot, six years."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="transcripts")
    code = models.CharField(max_length=24, unique=True)
    snapshot = models.JSONField(encoder=DjangoJSONEncoder)
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the snapshot without its code")
    template_version = models.CharField(max_length=40)
    requested_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the bytes")

    class Meta:
        triggers = [
            pgtrigger.ReadOnly(name="transcript_frozen", fields=["person", "code", "snapshot", "content_hash", "template_version", "requested_at"]),
            pgtrigger.Trigger(
                name="transcript_bytes_once", when=pgtrigger.Before, operation=pgtrigger.UpdateOf("sha256"),
                condition=pgtrigger.Q(old__sha256__gt="") & ~pgtrigger.Q(old__sha256=pgtrigger.F("new__sha256")),
                func="RAISE EXCEPTION 'an issued transcript is frozen';",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["sha256"], condition=~Q(sha256=""), name="transcript_of_bytes")]
        constraints = [
            models.UniqueConstraint(fields=["person", "content_hash"], name="transcript_content_once"),
            models.CheckConstraint(
                condition=Q(ready_at=None, sha256="") | (Q(ready_at__isnull=False) & ~Q(sha256="")), name="transcript_ready_coherent",
                violation_error_message="A transcript that is ready has bytes and a time.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.code


class TranscriptFile(models.Model):
    """The bytes of a transcript, in a table that no list joins (decision 18). PII: yes, six years."""

    document = models.OneToOneField(TranscriptDocument, on_delete=models.PROTECT, primary_key=True, related_name="file")
    content = models.BinaryField()

    class Meta:
        triggers = [append_only("transcript_file")]

    def __str__(self) -> str:
        return f"bytes of {self.document_id}"


@pghistory.track()
class ClaimRequest(models.Model):
    """ "I was there" or "I claim late", by one learner for one session. PII: ids and the learner's note; six years."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="claim_requests")
    session = models.ForeignKey("activities.Session", on_delete=models.PROTECT, related_name="claim_requests")
    status = models.CharField(max_length=7, choices=enums.RequestStatus.choices, default=enums.RequestStatus.ASKED)
    is_late = models.BooleanField(help_text="The time to claim had passed when it was asked or decided")
    needs_attendance = models.BooleanField(help_text="Nothing on record; a coordinator has to confirm it")
    note = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=250, blank=True)
    decision_reason = models.TextField(blank=True)
    granted_until = models.DateTimeField(null=True, blank=True, help_text="Late claims only")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "session"], condition=Q(status="asked"), name="claim_request_once"),
            models.CheckConstraint(
                condition=Q(status="asked", decided_at=None, decided_by="", granted_until=None) | (~Q(status="asked") & Q(decided_at__isnull=False) & ~Q(decided_by="")),
                name="claim_request_decided_coherent", violation_error_message="A decision has a time and says who made it.",
            ),
            models.CheckConstraint(
                condition=~Q(status="granted", is_late=True) | Q(granted_until__isnull=False), name="claim_request_late_until",
                violation_error_message="A late claim is granted until a time.",
            ),
            models.CheckConstraint(
                condition=~Q(status="refused") | ~Q(decision_reason=""), name="claim_request_refused_why",
                violation_error_message="A refusal says why.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["status", "asked_at"], name="claim_request_open")]

    def __str__(self) -> str:
        return f"request {self.pk}"


# Models live where Django looks for them; these have a module of their own.
from credits.models_certificates import (  # noqa: E402
    CertificateDrawing,
    CertificateEvent,
    CertificateRun,
    CertificateRunItem,
    CertificateTemplate,
)
from credits.models_external import ExternalCredit, SessionTopic, Topic, TranscriptShare  # noqa: E402
from credits.models_former import FormerCredit, TypeName  # noqa: E402
from credits.models_history import RecordExport  # noqa: E402
from credits.models_letters import UnprintedLetters  # noqa: E402
from credits.models_requirements import PersonRequirement, Requirement, RequirementProfile  # noqa: E402
from credits.models_reviews import ClaimReview  # noqa: E402

__all__ = [
    "Achievement",
    "AwardTerm",
    "Certificate",
    "CertificateDrawing",
    "CertificateEvent",
    "CertificateFile",
    "CertificateRun",
    "CertificateRunItem",
    "CertificateTemplate",
    "Claim",
    "ClaimLine",
    "ClaimRequest",
    "ClaimReview",
    "ClaimTotal",
    "CreditType",
    "Designation",
    "ExternalCredit",
    "FormerCredit",
    "PersonRequirement",
    "Presentation",
    "RecordExport",
    "Requirement",
    "RequirementProfile",
    "SessionTopic",
    "Topic",
    "TranscriptDocument",
    "TranscriptFile",
    "TranscriptShare",
    "TypeName",
    "TypeSetting",
    "UnprintedLetters",
]
