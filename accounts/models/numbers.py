"""Numbers that boards and states know a person by, and the code that proves a phone."""

from django.db import models
from django.db.models import Q

from accounts.enums import LicenceKind, NumberKind
from accounts.models.person import Person, PersonAddress


class PersonNumber(models.Model):
    """An NPI, a board's or registry's id of a person (LRN-2 to LRN-5). PII: the number; removed rows six years."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="numbers")
    kind = models.CharField(max_length=12, choices=NumberKind.choices)
    value = models.CharField(max_length=20, help_text="As accounts.validators.number returns it")
    report_ok_at = models.DateTimeField(
        null=True, blank=True, help_text="When the person allowed telling this board (MOC-2)"
    )
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind"], condition=Q(removed_at=None), name="number_once_per_kind",
                violation_error_message="A person has one number of a kind.",
            ),
            models.CheckConstraint(
                condition=~Q(kind="npi") | Q(value__regex=r"^[12][0-9]{9}$"), name="number_npi_digits",
                violation_error_message="An NPI has ten digits.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["kind", "value"], condition=Q(removed_at=None), name="number_value")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"


class Licence(models.Model):
    """A state's licence to practice (LRN-2). PII: the number; removed rows six years."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="licences")
    state = models.CharField(max_length=2)
    kind = models.CharField(max_length=22, choices=LicenceKind.choices)
    number = models.CharField(max_length=20)
    report_ok_at = models.DateTimeField(
        null=True, blank=True, help_text="When the person allowed telling this state’s board"
    )
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "state", "kind", "number"], condition=Q(removed_at=None), name="licence_once",
                violation_error_message="This license is listed already.",
            ),
            models.CheckConstraint(
                condition=Q(state__regex=r"^[A-Z]{2}$"), name="licence_state_code",
                violation_error_message="A state has a two-letter code.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["number", "state"], condition=Q(removed_at=None), name="licence_number")]

    def __str__(self) -> str:
        return f"{self.state} {self.number}"


class PhoneCode(models.Model):
    """A code that a person texts from a phone to prove it (shown on their profile). PII: ids; hours."""

    address = models.ForeignKey(PersonAddress, on_delete=models.PROTECT, related_name="phone_codes")
    code_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["address", "-created_at"], name="phone_code_address")]

    def __str__(self) -> str:
        return f"phone code {self.pk}"
