"""Who is acting (request.person, request.actor), who only looks, and the second factor of the office."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.actors import actor_of
from accounts.domain import see_as
from accounts.enums import SeeAsEnd
from accounts.models import Person, SeeAs, User
from common.actors import ANONYMOUS
from common.errors import NotAllowed
from common.page import refuse

SEE_AS = "see_as"  # the key in the session of the member of the office


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


@dataclasses.dataclass(frozen=True)
class Looking:
    """What a page knows while somebody of the office sees it as a person: `request.see_as`."""

    pk: int
    staff: Person
    person: Person
    until: dt.datetime


class SeeAsMiddleware:
    """While the session says so, a request is drawn for another person, and can do nothing (accounts.domain.see_as).

    The one place that enforces it: every method but GET and HEAD is refused before any view, a view that writes all the
    same is stopped at the database, and pages that hold keys or answers are closed. Each page that was seen is noted.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.see_as = None  # type: ignore[attr-defined]
        key = request.session.get(SEE_AS) if settings.SESSION_COOKIE_NAME in request.COOKIES else None
        if key is None or not request.user.is_authenticated:
            return self.get_response(request)
        found = see_as.current(key, request.user.person_id)
        if found is None:
            return self._over(request, key)
        if request.method == "POST" and request.path == reverse("accounts:see_as_stop"):
            return self.get_response(request)
        self._become(request, found)
        if request.method not in {"GET", "HEAD"}:
            return self._refused(request, found)
        with connection.execute_wrapper(_refuse_writes):
            response = self.get_response(request)
        if response.status_code < 300 and request.method == "GET" and not request.headers.get("HX-Request"):
            see_as.note_page(see_as_id=found.pk, path=request.path)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.see_as is None:  # type: ignore[attr-defined]
            return None
        declared, match = getattr(view, "page", None), request.resolver_match
        spaces = set(match.namespaces) if match else set()
        # Ours only, and not by a link: others' pages hold keys (recovery codes), links are for who got them.
        if declared is None or declared.link or spaces & set(settings.SEE_AS_CLOSED):
            closed = NotAllowed(
                _("This page is not shown to the CME office"),
                _("It holds keys or answers that are the person’s own. Press Stop to go on as yourself."),
            )
            return refuse(request, closed, 403)
        return None

    def _become(self, request: HttpRequest, found: SeeAs) -> None:
        user, staff = User.objects.select_related("person").get(person=found.person_id), found.staff
        label = _("%(staff)s, seeing as %(person)s") % {"staff": staff.full_name, "person": user.person.full_name}
        request.see_as = Looking(found.pk, staff, user.person, found.expires_at)  # type: ignore[attr-defined]
        request.user, request.person = user, user.person  # type: ignore[attr-defined]
        request.actor = dataclasses.replace(actor_of(user), label=label, seen_by=staff.pk)  # type: ignore[attr-defined]

    def _refused(self, request: HttpRequest, found: SeeAs) -> HttpResponse:
        name = request.person.full_name  # type: ignore[attr-defined]
        sentences = (
            _("Nothing was changed"),
            _("You see the portal as %(name)s and can do nothing for them. Press Stop to go on as yourself.")
            % {"name": name},
        )
        response = refuse(request, NotAllowed(*sentences), 403)
        response["X-Refused"] = "Not saved: you only look."  # what a page that saves by itself says
        return response

    def _over(self, request: HttpRequest, key: int) -> HttpResponse:
        """The time is over, or it was ended elsewhere: back to oneself, and nothing of this request is done."""
        row = see_as.end(see_as_id=key, how=SeeAsEnd.TIME, by=actor_of(request.user))  # type: ignore[arg-type]
        del request.session[SEE_AS]
        rotate_token(request)
        messages.info(request, _("Seeing the portal as somebody else is over. You are yourself again."))
        if row is None or not request.user.is_staff:
            return redirect("/")
        return redirect(reverse("admin:accounts_person_change", args=[row.person_id]))


def _refuse_writes(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
        raise NotAllowed(
            _("This page is not shown to the CME office"), _("Opening it would be noted as the person’s own act.")
        )
    return execute(sql, params, many, context)
