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


class GrantPurpose(models.TextChoices):
    DISCLOSURE = "disclosure", "Financial disclosure"
    REVIEW = "review", "Review of an application"
    CLAIM = "claim", "Claim of credit"
    OFFER = "offer", "Place from the waiting list"
