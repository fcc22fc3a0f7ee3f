"""Choices of the credits app."""

from django.db import models


class Rounding(models.TextChoices):
    """How minutes become units; each credit type has its own (IP-2)."""

    QUARTER_NEAREST = "quarter_nearest", "To the nearest quarter"
    QUARTER_DOWN = "quarter_down", "Down to the quarter"
    HALF_NEAREST = "half_nearest", "To the nearest half"
    HALF_DOWN = "half_down", "Down to the half"
    HUNDREDTH_DOWN = "hundredth_down", "Two decimals, never up"


class Partial(models.TextChoices):
    """What becomes of a session that somebody attended in part."""

    ATTESTED = "attested", "The learner says how much, in steps"
    MINUTES = "minutes", "It counts by the minute"
    NONE = "none", "It gets no credit"


class Need(models.TextChoices):
    """What must be done before a credit type is claimed, beyond taking part."""

    NOTHING = "", "Nothing more"
    EVALUATION = "evaluation", "The evaluation, with feedback"
    PASSED = "passed", "The assessment, passed"


class Scope(models.TextChoices):
    """Decision 7: a course designates the activity, a series each session; work such as a review each piece."""

    ACTIVITY = "activity", "The whole activity"
    SESSION = "session", "Each session"


class Work(models.TextChoices):
    """What can be completed for credit without sitting in a session (AMA-FMT-2 to AMA-FMT-8)."""

    ASSESSMENT = "assessment", "Assessment"
    COMPLETION = "completion", "Completed"
    STAGE_A = "stage_a", "Stage A: assess"
    STAGE_B = "stage_b", "Stage B: intervene"
    STAGE_C = "stage_c", "Stage C: assess again and reflect"
    REVIEW = "review", "Manuscript review"
    ITEMS = "items", "Test items"
    CYCLE = "cycle", "Point-of-care cycle"


class ClaimStatus(models.TextChoices):
    LIVE = "live", "Claimed"
    VOID = "void", "Withdrawn"


class CertificateStatus(models.TextChoices):
    ON_REQUEST = "on_request", "On request"
    PREPARING = "preparing", "Being prepared"
    ISSUED = "issued", "Issued"
    SUPERSEDED = "superseded", "Replaced"
    REVOKED = "revoked", "Revoked"


class RequestStatus(models.TextChoices):
    """What became of a learner's "I was there" or "I claim late"."""

    ASKED = "asked", "Asked"
    GRANTED = "granted", "Granted"
    REFUSED = "refused", "Refused"


class CertificateWhy(models.TextChoices):
    """Why a certificate ended or came back, in the words that everybody who checks its code reads."""

    NAME = "name", "The name was corrected"
    DETAILS = "details", "Details of the activity were corrected"
    CREDIT = "credit", "The credit was corrected"
    ANEW = "anew", "It was issued anew, with the same content"
    ERROR = "error", "It was issued in error"
    WITHDRAWN = "withdrawn", "The claim behind it was withdrawn"
    RESTORED = "restored", "It had been revoked in error"


SUPERSEDE_WHY = (CertificateWhy.NAME, CertificateWhy.DETAILS, CertificateWhy.CREDIT, CertificateWhy.ANEW)
REVOKE_WHY = (CertificateWhy.ERROR, CertificateWhy.WITHDRAWN)


class CertificateAct(models.TextChoices):
    """A step in the life of a certificate after it was issued."""

    SUPERSEDED = "superseded", "Superseded"
    REVOKED = "revoked", "Revoked"
    RESTORED = "restored", "Restored"


class TemplateStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    IN_USE = "in_use", "In use"
    RETIRED = "retired", "No longer used"


class DrawingKind(models.TextChoices):
    SEAL = "seal", "Seal"
    LOGO = "logo", "Logo"
    SIGNATURE = "signature", "Signature"


class HeadOrder(models.TextChoices):
    """What stands at the top of a certificate, from left to right."""

    SEAL = "seal", "Seal alone"
    LOGO = "logo", "Logo alone"
    LOGO_SEAL = "logo_seal", "Logo, then seal"
    SEAL_LOGO = "seal_logo", "Seal, then logo"
    NOTHING = "nothing", "Nothing"


class FootOrder(models.TextChoices):
    """What stands at the foot of a certificate, from left to right."""

    SIGN_STATEMENT_CHECK = "sign_statement_check", "Signature, statement, code"
    CHECK_STATEMENT_SIGN = "check_statement_sign", "Code, statement, signature"
    STATEMENT_SIGN_CHECK = "statement_sign_check", "Statement, signature, code"
    STATEMENT_CHECK_SIGN = "statement_check_sign", "Statement, code, signature"
    SIGN_CHECK_STATEMENT = "sign_check_statement", "Signature, code, statement"
    CHECK_SIGN_STATEMENT = "check_sign_statement", "Code, signature, statement"


class RunKind(models.TextChoices):
    """What is done to many certificates at once."""

    MAKE = "make", "Make certificates"
    ZIP = "zip", "Download as one ZIP"
    PDF = "pdf", "Download as one PDF"
    MAIL = "mail", "E-mail to their holders"


class RunStatus(models.TextChoices):
    DRAFT = "draft", "To confirm"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"


class ItemStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    SKIPPED = "skipped", "Left out"
    FAILED = "failed", "Could not be done"


class FormerColumn(models.TextChoices):
    """What a column of a former system's export says, beside the person, the day and the time spent."""

    TITLE = "title", "Title of the activity"
    PROVIDER = "provider", "Provider or accreditor"
    TYPE = "type", "Type of credit"
    AMOUNT = "amount", "Amount of credit"
    FORMAT = "format", "Format"
    NUMBER = "number", "Number of the certificate"
    TOPICS = "topics", "Topics of mandates"
