"""Person: the subject of every domain row. Addresses: how we reach and recognise them."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Lower, Upper

from accounts.enums import AddressKind, OptionalMail, Profession

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


# What names are compared by (pg_trgm): the index below and every query that uses it say the same expression.
NAME_COMPARED = Lower(Concat(F("family_name"), Value(" "), F("given_name")))


@pghistory.track()
class Person(models.Model):
    """One human being. PII: name, degrees, profession, birthday without year; kept six years after the last regulated row."""

    given_name = models.CharField(max_length=200, blank=True)
    family_name = models.CharField(max_length=200)
    degrees = models.CharField(max_length=100, blank=True, help_text="As on a certificate: MD, MPH")
    profession = models.CharField(max_length=30, choices=Profession.choices, blank=True)
    specialty = models.CharField(max_length=120, blank=True)
    is_physician = models.BooleanField(default=False, help_text="From the degree, not the job (AMA-CORE-4).")
    mail_off = ArrayField(
        models.CharField(max_length=12, choices=OptionalMail.choices), default=list, blank=True,
        help_text="The optional e-mail this person does not want",
    )  # fmt: skip
    birth_month = models.PositiveSmallIntegerField(null=True, blank=True)
    birth_day = models.PositiveSmallIntegerField(null=True, blank=True, help_text="The year is never asked (LRN-3)")
    name_confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the person confirmed how the name is printed"
    )
    created_at = models.DateTimeField()
    deactivated_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_away",
        help_text="The record this one was joined to; `people.live` follows it",
    )  # fmt: skip

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "people"
        indexes = [
            models.Index(Upper("family_name"), Upper("given_name"), name="person_name"),
            models.Index(Upper("given_name"), name="person_given_name"),
            GinIndex(OpClass(NAME_COMPARED, name="gin_trgm_ops"), name="person_name_trgm"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(merged_into=None) | (Q(deactivated_at__isnull=False) & ~Q(merged_into=F("id"))),
                name="person_merged_coherent", violation_error_message="A record joined to another is closed.",
            ),
            models.CheckConstraint(
                condition=Q(birth_month=None, birth_day=None) | Q(birth_month__range=(1, 12), birth_day__range=(1, 31)),
                name="person_birthday_coherent", violation_error_message="A birthday has a month and a day.",
            ),
        ]  # fmt: skip

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
