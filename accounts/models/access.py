"""Office roles, sign-in codes, and links that do one job."""

from django.db import models
from django.db.models import Q

from accounts.enums import GrantPurpose, OfficeRoleKey
from accounts.models.person import Person


class OfficeRole(models.Model):
    """A permission that a person holds, from when to when. PII: ids only, six years."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="office_roles")
    role = models.CharField(max_length=20, choices=OfficeRoleKey.choices)
    department = models.ForeignKey("accounts.Department", on_delete=models.PROTECT, null=True, blank=True)
    granted_at = models.DateTimeField()
    granted_by = models.CharField(max_length=250)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=250, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role", "department"], condition=Q(revoked_at=None), nulls_distinct=False, name="office_role_once"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by="") | (Q(revoked_at__isnull=False) & ~Q(revoked_by="")),
                name="officerole_revoked_coherent", violation_error_message="A revoked role names who revoked it.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.person_id} {self.role}"


class SignInCode(models.Model):
    """A six-character code on its way to an address (decision 22). PII: the address, one day."""

    email = models.EmailField(max_length=254)
    code_hash = models.CharField(max_length=64)
    key = models.CharField(max_length=64, unique=True, help_text="Held by the browser that asked")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["email", "-created_at"], name="sign_in_code_email")]

    def __str__(self) -> str:
        return f"code {self.pk}"


class LinkGrant(models.Model):
    """A single-purpose, expiring, revocable link (design section 9). PII: ids; the token is stored hashed."""

    token_hash = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="link_grants")
    purpose = models.CharField(max_length=20, choices=GrantPurpose.choices)
    object_type = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=250)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["object_type", "object_id", "purpose"], name="link_object")]

    def __str__(self) -> str:
        return f"{self.purpose} link {self.pk}"
