"""Who is acting (request.person, request.actor), and the second factor of the office."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject

from accounts.actors import actor_of
from common.actors import ANONYMOUS


class ActorMiddleware:
    """Sets request.person and request.actor, lazily: public pages without them cost no query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: actor_of(request.user) if request.user.is_authenticated else ANONYMOUS)  # type: ignore[attr-defined]
        request.person = SimpleLazyObject(lambda: request.user.person if request.user.is_authenticated else None)  # type: ignore[attr-defined]
        return self.get_response(request)


class SecondFactorMiddleware:
    """Decision 24: an office role without TOTP or passkey enrols before any admin page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECOND_FACTOR_REQUIRED and request.path.startswith("/admin/") and request.user.is_authenticated:
            from allauth.mfa.utils import is_mfa_enabled

            if request.user.is_staff and not is_mfa_enabled(request.user):
                return redirect("mfa_activate_totp")
        return self.get_response(request)
