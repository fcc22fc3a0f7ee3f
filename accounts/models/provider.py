"""The accredited provider, its terms and departments."""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from accounts.enums import AccreditationMode
from accounts.models.person import Person


class Provider(models.Model):
    """The one accredited organisation of this installation. PII: the signing officer's name."""

    name = models.CharField(max_length=200, help_text="As in statements, without “The”")
    short_name = models.CharField(max_length=60)
    code_prefix = models.CharField(max_length=4, help_text="Begins every certificate code")
    office_name = models.CharField(max_length=200)
    office_email = models.EmailField()
    office_phone = models.CharField(max_length=40, blank=True)
    office_address = models.CharField(max_length=250)
    zone = models.CharField(max_length=40, default="America/New_York")
    signer_name = models.CharField(max_length=200)
    signer_title = models.CharField(max_length=200)
    signature = models.CharField(max_length=60, blank=True, help_text="Drawing in static/img, of this signer only")
    fiscal_year_start_month = models.PositiveSmallIntegerField(default=7)

    _current: "Provider | None" = None

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        """Save, and let this process read the row again."""
        Provider._current = None
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @classmethod
    def current(cls) -> "Provider":
        """The provider of this installation, remembered per process; an unsaved placeholder before set-up."""
        if cls._current is None:
            found = cls.objects.order_by("pk").first()
            if found is None:
                return cls(
                    name="Your school",
                    short_name="CME Portal",
                    code_prefix="CM",
                    office_name="CME office",
                    office_email="cme@example.org",
                )
            cls._current = found
        return cls._current


class AccreditationTerm(models.Model):
    """One period of accreditation; its mode decides most statements (ST-7). PII: none."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="terms")
    mode = models.CharField(max_length=20, choices=AccreditationMode.choices)
    accreditor_name = models.CharField(max_length=120, blank=True, help_text="State society, for state accreditation")
    accreditor_short = models.CharField(max_length=20, blank=True)
    status = models.CharField(max_length=40, default="Accreditation")
    starts_on = models.DateField()
    ends_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")),
                name="term_dates_coherent",
                violation_error_message="A term must end after it begins.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_mode_display()} {self.starts_on}–{self.ends_on}"

    @classmethod
    def on(cls, day: dt.date) -> "AccreditationTerm | None":
        """The provider's term on a date; None when there is none."""
        return cls.objects.filter(starts_on__lte=day, ends_on__gte=day).order_by("-starts_on").first()

    @property
    def is_probation(self) -> bool:
        """A provider on Probation begins no joint activity (CME-JP-3)."""
        return "probation" in self.status.lower()


class Department(models.Model):
    """The unit that plans. PII: none."""

    name = models.CharField(max_length=120, unique=True)
    code = models.CharField(max_length=12, unique=True)

    def __str__(self) -> str:
        return self.name


class DepartmentMember(models.Model):
    """A person who may plan for a department. PII: ids only."""

    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["department", "person"], condition=Q(removed_at=None), name="member_once")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.department_id}"
