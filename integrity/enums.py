"""Choices of the integrity app; every list is from the Standards (rules.md 2)."""

from django.db import models


class Answer(models.TextChoices):
    NONE = "none", "None"
    SOME = "some", "One or more"


class Nature(models.TextChoices):
    """SII-3.1b."""

    EMPLOYEE = "employee", "Employee"
    RESEARCHER = "researcher", "Researcher or principal investigator"
    CONSULTANT = "consultant", "Consultant"
    ADVISOR = "advisor", "Advisor"
    SPEAKER = "speaker", "Speaker (promotional)"
    CONTRACTOR = "contractor", "Independent contractor, contracted research"
    ROYALTIES = "royalties", "Royalties or patent beneficiary"
    EXECUTIVE = "executive", "Executive role"
    OWNERSHIP = "ownership", "Ownership interest"
    STOCK = "stock", "Individual stock"
    STOCK_OPTIONS = "stock_options", "Stock options"
    OTHER = "other", "Other"


class Traded(models.TextChoices):
    """SII-3.1c: decides whether stock makes an owner (SII-3.2a)."""

    PRIVATE = "private", "Privately held"
    PUBLIC = "public", "Publicly traded"
    UNKNOWN = "unknown", "Not known"


class Eligibility(models.TextChoices):
    """SII-E-1."""

    INELIGIBLE = "ineligible", "Ineligible company"
    ELIGIBLE = "eligible", "Not an ineligible company"
    UNDETERMINED = "undetermined", "Not decided yet"


class Method(models.TextChoices):
    """SII-3.1e: how the disclosure was given."""

    WEB = "web", "Web form"
    LINK = "link", "Web form by link"
    VERBAL = "verbal", "Recorded verbal disclosure"


class Strategy(models.TextChoices):
    """SII-3.4; which apply to whom is in `rules_of_mitigation`."""

    DIVEST = "divest", "Divest the relationship"
    RECUSE = "recuse", "Recusal from the parts where the relationship exists"
    PEER_REVIEW_PLANNING = (
        "peer_review_planning",
        "Peer review of planning decisions by persons without relevant relationships",
    )
    PEER_REVIEW_CONTENT = "peer_review_content", "Peer review of content by persons without relevant relationships"
    ATTEST = "attest", "Attest that clinical recommendations are evidence-based and free of commercial bias"
    OTHER = "other", "Other (describe)"


PLANNER_STRATEGIES = (Strategy.DIVEST, Strategy.RECUSE, Strategy.PEER_REVIEW_PLANNING, Strategy.OTHER)
FACULTY_STRATEGIES = (Strategy.DIVEST, Strategy.PEER_REVIEW_CONTENT, Strategy.ATTEST, Strategy.OTHER)


class Standing(models.TextChoices):
    """Where a person stands in a role (rules.md 2.7)."""

    ASKED = "asked", "Asked"
    EXPIRED = "expired", "Expired"
    DISCLOSED = "disclosed", "Answered, not read"
    TO_DECIDE = "to_decide", "To decide"
    TO_MITIGATE = "to_mitigate", "To mitigate"
    EXCLUDED = "excluded", "Excluded"
    CLEARED = "cleared", "Cleared"
    CLEARED_MITIGATED = "cleared_mitigated", "Cleared, mitigated"


CLEARED = frozenset({Standing.CLEARED, Standing.CLEARED_MITIGATED})
ANSWERED = frozenset(Standing) - {Standing.ASKED, Standing.EXPIRED}
