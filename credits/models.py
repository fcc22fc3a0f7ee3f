"""Credit types, designations, claims and certificates. Credit is money to a learner: the database keeps it once."""

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from common.models import append_only
from credits import enums


class CreditType(models.Model):
    """One kind of credit, as data (IP-2). PII: none."""

    code = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=80)
    unit_one = models.CharField(max_length=80, help_text="With the mark: *AMA PRA Category 1 Credit*™")
    unit_many = models.CharField(max_length=80)
    rounding = models.CharField(max_length=20, choices=enums.Rounding.choices)
    increment = models.DecimalField(max_digits=4, decimal_places=2)
    professions = ArrayField(models.CharField(max_length=30), default=list, blank=True, help_text="Empty: everyone")
    physicians_only = models.BooleanField(default=False)
    activity_kinds = ArrayField(models.CharField(max_length=4), default=list, blank=True)
    is_attendance = models.BooleanField(default=False, help_text="Documents attendance; carries no credit of its own")
    designation_statement = models.CharField(max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name


class Designation(models.Model):
    """A credit type and its maximum for an activity, or for each of its sessions. PII: name of who designated."""

    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="designations")
    credit_type = models.ForeignKey(CreditType, on_delete=models.PROTECT, related_name="designations")
    scope = models.CharField(max_length=8, choices=enums.Scope.choices)
    maximum = models.DecimalField(max_digits=6, decimal_places=2)
    minutes = models.PositiveIntegerField()
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
        ]

    def __str__(self) -> str:
        return f"{self.maximum} {self.credit_type_id}"


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
    """One session (or the activity) of one credit type in a claim, with the facts that supported it. PII: ids."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="lines")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    activity = models.ForeignKey("activities.Activity", on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey("activities.Session", on_delete=models.PROTECT, null=True, related_name="claim_lines")
    credit_type = models.ForeignKey(CreditType, on_delete=models.PROTECT, related_name="+")
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
                fields=["person", "session", "credit_type"], condition=Q(voided_at=None, session__isnull=False), name="claim_line_session_once",
                violation_error_message="This session is claimed already.",
            ),
            models.UniqueConstraint(
                fields=["person", "activity", "credit_type"], condition=Q(voided_at=None, session=None), name="claim_line_activity_once",
                violation_error_message="This activity is claimed already.",
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
            models.UniqueConstraint(fields=["person", "session"], condition=~Q(status="refused"), name="claim_request_once"),
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
from credits.models_letters import UnprintedLetters  # noqa: E402
from credits.models_requirements import PersonRequirement, Requirement, RequirementProfile  # noqa: E402

__all__ = [
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
    "ClaimTotal",
    "CreditType",
    "Designation",
    "ExternalCredit",
    "PersonRequirement",
    "Requirement",
    "RequirementProfile",
    "SessionTopic",
    "Topic",
    "TranscriptDocument",
    "TranscriptFile",
    "TranscriptShare",
    "UnprintedLetters",
]
