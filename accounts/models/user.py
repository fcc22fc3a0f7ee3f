"""User: a credential, one-to-one with a person. Nothing of the domain hangs on it (decision 3)."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models.person import Person


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, person: Person, **extra: Any) -> "User":
        user = self.model(email=email.strip().lower(), person=person, **extra)
        user.set_unusable_password()
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """Who may sign in. PII: the main e-mail address."""

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="user")
    email = models.EmailField(max_length=254, unique=True, help_text="Lower case")
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="user_email_lower",
                violation_error_message="Addresses are kept in lower case.",
            )
        ]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.person.full_name

    def get_short_name(self) -> str:
        return self.person.given_name or self.person.family_name

    @property
    def role_keys(self) -> frozenset[str]:
        """Keys of the live office roles, read once per request."""
        if not hasattr(self, "_role_keys"):
            rows = getattr(self, "live_roles", None)
            if rows is None:
                rows = self.person.office_roles.filter(revoked_at=None).values_list("role", flat=True)
            self._role_keys = frozenset(rows)
        return self._role_keys

    @property
    def is_staff(self) -> bool:
        """The admin is the office's desk: decided by an office role, never by a flag (decision 21)."""
        return bool(self.role_keys & {"staff", "director"})

    @property
    def is_superuser(self) -> bool:
        return False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        from accounts.backends import RulesBackend

        return self.is_active and RulesBackend().has_perm(self, perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff

    def get_all_permissions(self, obj: object = None) -> set[str]:
        return set()
