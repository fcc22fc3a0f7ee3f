"""Request id on every log line and error page; the real client address behind trusted proxies only."""

import ipaddress
import secrets
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from common.context import current_provider


def client_address(remote: str, forwarded: str) -> str:
    """Who asked: read from the right, past our own proxies, and never past the first stranger, who may have written the rest."""
    for claimed in reversed(forwarded.split(",") if forwarded else []):
        if not _is_proxy(remote):
            break
        try:
            remote = str(ipaddress.ip_address(claimed.strip()))
        except ValueError:
            break
    return remote


def _is_proxy(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
        return any(found in ipaddress.ip_network(proxy) for proxy in settings.TRUSTED_PROXIES)
    except ValueError:
        return False


class RequestIdMiddleware:
    """A short reference that a person can quote to the office."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.reference = secrets.token_hex(4)  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request.reference)  # type: ignore[attr-defined]
        remote = request.META.get("REMOTE_ADDR", "")
        request.META["REMOTE_ADDR"] = client_address(remote, request.META.get("HTTP_X_FORWARDED_FOR", ""))
        response = self.get_response(request)
        response["X-Request-Id"] = request.reference  # type: ignore[attr-defined]
        return response


class AdminPolicyMiddleware:
    """The admin's two needs: times in the office's zone, and two more words in the policy for Unfold (decision 25).

    It stands inside the policy's own middleware, which writes the header on the way out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/admin/"):
            return self.get_response(request)
        with timezone.override(getattr(current_provider(), "zone", "UTC")):
            response = self.get_response(request)
        response._csp_update = {"script-src": ["'unsafe-eval'"], "style-src": ["'unsafe-inline'"]}  # type: ignore[attr-defined]
        return response
