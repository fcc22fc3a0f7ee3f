"""Request id on every log line and error page; the real client address behind trusted proxies only."""

import secrets
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse


class RequestIdMiddleware:
    """A short reference that a person can quote to the office."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.reference = secrets.token_hex(4)  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request.reference)  # type: ignore[attr-defined]
        remote = request.META.get("REMOTE_ADDR", "")
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        if forwarded and remote in settings.TRUSTED_PROXIES:
            request.META["REMOTE_ADDR"] = forwarded.split(",")[-1].strip()
        response = self.get_response(request)
        response["X-Request-Id"] = request.reference  # type: ignore[attr-defined]
        if request.path.startswith("/admin/"):
            # Decision 25: Unfold needs these two; nothing else of the policy is loosened.
            response._csp_update = {"script-src": "'unsafe-eval'", "style-src": "'unsafe-inline'"}  # type: ignore[attr-defined]
        return response
