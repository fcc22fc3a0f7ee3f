"""Person: the subject of every domain row. Addresses: how we reach and recognise them."""

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from accounts.enums import AddressKind, Profession

# AMA-CORE-4: MD, DO and equivalent international degrees (the latter unconfirmed, so kept here where it is seen).
PHYSICIAN_DEGREES = frozenset({"MD", "DO", "MBBS", "MBCHB", "MBBCH", "MBCHIR", "BMBS"})


def degrees_are_physician(degrees: str) -> bool:
    """Whether a list of degrees such as "MD, MPH" makes its holder a physician (AMA-CORE-4)."""
    parts = degrees.replace(";", ",").replace("/", ",").split(",")
    return any("".join(c for c in part.upper() if c.isalpha()) in PHYSICIAN_DEGREES for part in parts)


class PersonQuerySet(models.QuerySet["Person"]):
    def active(self) -> "PersonQuerySet":
        return self.filter(deactivated_at=None)

    def with_address(self, kind: str, value: str) -> "PersonQuerySet":
        return self.filter(addresses__kind=kind, addresses__value=value, addresses__removed_at=None)


@pghistory.track()
class Person(models.Model):
    """One human being. PII: name, degrees, profession; kept six years after the last regulated row."""

    given_name = models.CharField(max_length=200, blank=True)
    family_name = models.CharField(max_length=200)
    degrees = models.CharField(max_length=100, blank=True, help_text="As on a certificate: MD, MPH")
    profession = models.CharField(max_length=30, choices=Profession.choices, blank=True)
    specialty = models.CharField(max_length=120, blank=True)
    is_physician = models.BooleanField(default=False, help_text="From the degree, not the job (AMA-CORE-4).")
    mail_confirmations = models.BooleanField(
        default=True, help_text="E-mail to confirm what the person did; news they need comes anyway"
    )
    name_confirmed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    deactivated_at = models.DateTimeField(null=True, blank=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(Upper("family_name"), Upper("given_name"), name="person_name")]

    def __str__(self) -> str:
        return self.name_with_degrees

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def name_with_degrees(self) -> str:
        """As printed: "Elena R. Marchetti, MD"."""
        return f"{self.full_name}, {self.degrees}" if self.degrees else self.full_name

    @property
    def display_name(self) -> str:
        return f"Dr. {self.full_name}" if self.is_physician else self.full_name

    @property
    def initials(self) -> str:
        return ((self.given_name[:1] or "") + (self.family_name[:1] or "")).upper()


class PersonAddress(models.Model):
    """One e-mail address or phone of a person. PII: the address; removed rows are kept six years."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="addresses")
    kind = models.CharField(max_length=10, choices=AddressKind.choices)
    value = models.CharField(max_length=254, help_text="Normalised: lower-case e-mail, +1… phone")
    verified_at = models.DateTimeField(null=True, blank=True)
    is_primary = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value"], condition=Q(removed_at=None) & Q(verified_at__isnull=False), name="address_verified_once",
                violation_error_message="This address already belongs to another account. Sign in with it, or ask the CME office to join the accounts.",
            ),
            models.UniqueConstraint(
                fields=["person", "kind"], condition=Q(is_primary=True, removed_at=None), name="address_one_primary",
                violation_error_message="One address of a kind is the main one.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["kind", "value"], name="address_value")]

    def __str__(self) -> str:
        return self.value
