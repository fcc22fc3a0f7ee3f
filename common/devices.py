"""One browser told from another by a random number in a cookie of ours: nothing about the device, nothing for others."""

import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE, AGE = "device", 60 * 60 * 24 * 365


def number(request: HttpRequest) -> str:
    """The number of this browser, a new one where it has none or somebody wrote their own."""
    kept = request.get_signed_cookie(COOKIE, default="", salt=COOKIE, max_age=AGE)
    return kept or secrets.token_urlsafe(16)


def keep(response: HttpResponse, value: str) -> HttpResponse:
    response.set_signed_cookie(
        COOKIE, value, salt=COOKIE, max_age=AGE, httponly=True, secure=settings.SECURE_COOKIES, samesite="Lax"
    )
    return response
