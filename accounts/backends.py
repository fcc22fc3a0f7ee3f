"""Authentication by e-mailed code only; permissions by rules only."""

from typing import Any

import rules
from django.contrib.auth.backends import BaseBackend
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from accounts.models import DepartmentMember, OfficeRole, User


class RulesBackend(BaseBackend):
    """Knows users by id (sessions) and answers permissions from `rules`; deny by default."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: int) -> User | None:
        """Who a session belongs to, with the roles and departments that every page asks for: one query."""
        roles = OfficeRole.objects.filter(person=OuterRef("person"), revoked_at=None).values("role")
        departments = DepartmentMember.objects.filter(person=OuterRef("person"), removed_at=None).values("department")
        rows = User.objects.select_related("person").filter(is_active=True, person__deactivated_at=None)
        found = rows.annotate(live_roles=ArraySubquery(roles), live_departments=ArraySubquery(departments))
        return found.filter(pk=user_id).first()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        from accounts.actors import actor_of

        return bool(rules.perm_exists(perm) and rules.has_perm(perm, actor_of(user_obj), obj))
