"""Request id on every log line and error page; the real client address behind trusted proxies only."""

import ipaddress
import secrets
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from common import uploads
from common.context import current_provider
from common.errors import DomainError
from common.page import Page, refuse


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


class UploadMiddleware:
    """What a request may bring, decided before its body is read: files only where the page says so, and not without end."""

    TEXT_BYTES = 5 * 1024 * 1024  # of a page without files; Django itself keeps no more than 2.5 MB of text in memory

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.method in {"GET", "HEAD"}:
            return None
        declared = getattr(view, "page", None)
        takes = declared is not None and declared.files
        # Ten times the limit of one file is let in and thrown away, so that the form can say which file was too large.
        most = 10 * uploads.limit() if takes else self.TEXT_BYTES
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > most:
            return refuse(request, _too_much(), 413)
        if request.content_type == "multipart/form-data":
            request.upload_handlers = self._handlers(request, declared if takes else None)
        return None

    def _handlers(self, request: HttpRequest, declared: Page | None) -> list[Any]:
        if declared is None:
            return [uploads.RefuseFiles(request)]
        # The body is read before the view asks who it is: a stranger writes nothing to our disk.
        if declared.perm and not request.actor.is_authenticated:  # type: ignore[attr-defined]
            return [uploads.DropFiles(request)]
        return [uploads.StopAtLimit(request), *request.upload_handlers]


def _too_much() -> DomainError:
    return DomainError(
        _("This is too much for one page"),
        _("A file may have %(most)s MB. Go back, choose a smaller one, and send the page again.")
        % {"most": settings.UPLOAD_MAX_MB},
    )
