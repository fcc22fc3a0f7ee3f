"""Choices of the accounts app."""

from django.db import models


class Profession(models.TextChoices):
    """VOC-PROF. Physician is decided by degree (AMA-CORE-4), never by this word."""

    PHYSICIAN = "physician", "Physician"
    RESIDENT = "resident", "Resident or fellow"
    PA = "pa", "PA"
    NP = "np", "Nurse practitioner or other APRN"
    NURSE = "nurse", "Nurse"
    PHARMACIST = "pharmacist", "Pharmacist"
    PHARMACY_TECHNICIAN = "pharmacy_technician", "Pharmacy technician"
    PSYCHOLOGIST = "psychologist", "Psychologist"
    SOCIAL_WORKER = "social_worker", "Social worker"
    DIETITIAN = "dietitian", "Dietitian"
    OPTOMETRIST = "optometrist", "Optometrist"
    DENTIST = "dentist", "Dentist"
    THERAPIST = "therapist", "PT, OT or SLP"
    ATHLETIC_TRAINER = "athletic_trainer", "Athletic trainer"
    RESPIRATORY_THERAPIST = "respiratory_therapist", "Respiratory therapist"
    STUDENT = "student", "Student"
    PATIENT = "patient", "Patient or member of the public"
    OTHER = "other", "Other"


class AddressKind(models.TextChoices):
    EMAIL = "email", "E-mail"
    PHONE = "phone", "Phone"


class IdentityKind(models.TextChoices):
    EMAIL = "email", "E-mail"
    PHONE = "phone", "Phone"
    LICENCE = "licence", "Licence"
    NAME = "name", "Name as given"
    BADGE = "badge", "Badge"


class AccreditationMode(models.TextChoices):
    ACCME_DIRECT = "accme_direct", "Accredited by ACCME"
    STATE = "state", "Accredited by a state medical society"
    JOINT = "joint", "Joint Accreditation"


class OfficeRoleKey(models.TextChoices):
    """Permissions with a scope; who may do what is design.md section 5."""

    STAFF = "staff", "CME staff"
    DIRECTOR = "director", "CME director"
    REVIEWER = "reviewer", "Reviewer"
    LEADERSHIP = "leadership", "Leadership"


class OrganisationKind(models.TextChoices):
    HOSPITAL = "hospital", "Hospital or health system"
    SCHOOL = "school", "School"
    SOCIETY = "society", "Professional society"
    COMPANY = "company", "Company"
    AGENCY = "agency", "Public agency"
    OTHER = "other", "Other"


class Eligibility(models.TextChoices):
    """SII-E-1, of an organisation that plans with us: an ineligible company may not (CME-JP-1)."""

    ELIGIBLE = "eligible", "Eligible"
    INELIGIBLE = "ineligible", "Ineligible company"
    UNDETERMINED = "undetermined", "Not decided yet"


class AssessmentQuestion(models.TextChoices):
    """SII-E-5: columns of Organisation and what each asks; a "yes" to any is for a person of the office to weigh."""

    MAKES_PRODUCTS = (
        "makes_products",
        "Does it, its parent or a sister company make, market, sell, re-sell or distribute healthcare products?",
    )
    ADVOCATES = "advocates_for_ineligible", "Does any of them advocate for an ineligible company?"
    EDUCATES = (
        "educates_with_ineligible",
        "Does any of them develop non-accredited education with ineligible companies?",
    )
    SHARES = (
        "shares_with_sister",
        "Does it share management, employees or governance with a sister company that is ineligible?",
    )
    SISTER_IN_CONTENT = "sister_in_content", "Does such a sister company have a part in the content of this education?"
    SISTER_CONTROLS = "sister_controls", "Does such a sister company control what this organization does?"


class GrantPurpose(models.TextChoices):
    DISCLOSURE = "disclosure", "Financial disclosure"
    REVIEW = "review", "Review of an application"
    CLAIM = "claim", "Claim of credit"
    OFFER = "offer", "Place from the waiting list"


class NumberKind(models.TextChoices):
    """A number that somebody outside knows a person by (LRN-2 to LRN-5). Formats: accounts.validators."""

    NPI = "npi", "NPI"
    NABP = "nabp", "NABP e-Profile ID"
    ABIM = "abim", "ABIM ID"
    ABA = "aba", "ABA ID"
    ABO = "abo", "American Board of Ophthalmology ID"
    ABOHNS = "abohns", "ABOHNS ID"
    ABOS = "abos", "ABOS ID"
    ABP = "abp", "ABP ID"
    ABPATH = "abpath", "ABPath ID"
    ABS = "abs", "ABS ID"
    ABTS = "abts", "ABTS ID"
    NCCPA = "nccpa", "NCCPA ID"
    ASWB = "aswb", "ASWB ID"
    CDR = "cdr", "CDR registration number"
    OE_TRACKER = "oe_tracker", "OE TRACKER number"
    BOC = "boc", "BOC certification number"
    AGD = "agd", "AGD number"


# MOC-1: boards that take data through PARS; telling them needs the learner's permission (MOC-2).
BOARDS = (
    NumberKind.ABIM, NumberKind.ABA, NumberKind.ABO, NumberKind.ABOHNS, NumberKind.ABOS, NumberKind.ABP, NumberKind.ABPATH,
    NumberKind.ABS, NumberKind.ABTS,
)  # fmt: skip


class LicenceKind(models.TextChoices):
    """What a state licence lets its holder practice."""

    PHYSICIAN = "physician", "Physician (MD)"
    OSTEOPATH = "osteopath", "Osteopathic physician (DO)"
    PA = "pa", "PA"
    NURSE = "nurse", "Nurse (RN, LPN)"
    APRN = "aprn", "Advanced practice nurse"
    PHARMACIST = "pharmacist", "Pharmacist"
    PHARMACY_TECHNICIAN = "pharmacy_technician", "Pharmacy technician"
    PSYCHOLOGIST = "psychologist", "Psychologist"
    SOCIAL_WORKER = "social_worker", "Social worker"
    DIETITIAN = "dietitian", "Dietitian"
    OPTOMETRIST = "optometrist", "Optometrist"
    DENTIST = "dentist", "Dentist"
    THERAPIST = "therapist", "PT, OT or SLP"
    ATHLETIC_TRAINER = "athletic_trainer", "Athletic trainer"
    RESPIRATORY_THERAPIST = "respiratory_therapist", "Respiratory therapist"
    OTHER = "other", "Other"


STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado", "CT": "Connecticut",
    "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois",
    "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland",
    "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska",
    "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina",
    "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia",
    "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming", "AS": "American Samoa", "GU": "Guam",
    "MP": "Northern Mariana Islands", "PR": "Puerto Rico", "VI": "U.S. Virgin Islands",
}  # fmt: skip


class SuggestionState(models.TextChoices):
    """What became of a pair that may be one person."""

    OPEN = "open", "To decide"
    DISMISSED = "dismissed", "Not the same person"
    JOINED = "joined", "Joined"


class MergeHow(models.TextChoices):
    OFFICE = "office", "By the CME office"
    OWNER = "owner", "By the person, who proved both addresses"


class SeeAsEnd(models.TextChoices):
    """How seeing the portal as somebody else came to its end."""

    STOPPED = "stopped", "Stopped"
    TIME = "time", "Time was over"
    REPLACED = "replaced", "Another one began"


class MailboxOutcome(models.TextChoices):
    """What the office answered to a request about a lost mailbox."""

    GIVEN = "given", "Address given"
    DECLINED = "declined", "Declined"


class OptionalMail(models.TextChoices):
    """E-mail that one can do without. Receipts, codes, offers and news of a change are not in this list, and always come."""

    REMINDERS = "reminders", "Reminders"
