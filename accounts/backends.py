"""Authentication by e-mailed code only; permissions by rules only."""

from typing import Any

import rules
from django.contrib.auth.backends import BaseBackend

from accounts.models import User


class RulesBackend(BaseBackend):
    """Knows users by id (sessions) and answers permissions from `rules`; deny by default."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: int) -> User | None:
        user = (
            User.objects.select_related("person")
            .filter(pk=user_id, is_active=True, person__deactivated_at=None)
            .first()
        )
        return user

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        from accounts.actors import actor_of

        return bool(rules.perm_exists(perm) and rules.has_perm(perm, actor_of(user_obj), obj))
