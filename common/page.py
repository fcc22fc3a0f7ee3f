"""The decorator of every view (conventions 3.7, 3.8): who may, which methods, errors into pages, GET that only reads."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rules
from django.conf import settings
from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from common.errors import DomainError

_WRITES = ("INSERT", "UPDATE", "DELETE")
_MAY_WRITE_ON_GET = ("django_session", "common_seennote", "common_ratebucket")


@dataclass(frozen=True)
class Page:
    """What a view declared; the URL × role walk reads it."""

    perm: str
    public: bool
    write: bool
    link: bool
    files: bool = False


class GetWrote(RuntimeError):
    """A GET wrote to the database (decision 17): links are followed by scanners, so nothing may happen on one."""


def page(
    *, perm: str = "", public: bool = False, write: bool = False, link: bool = False, files: bool = False
) -> Callable[..., Any]:
    """Declare who may open a view.

    `perm` names a rule on the actor alone ("accounts.signed_in", "activities.plan"); objects are guarded by the
    app's `access.py`. `public` pages need nobody; `link` pages authenticate by their own token. `write` allows POST,
    `files` lets a POST bring files (common/uploads.py); elsewhere a file is refused unread.
    """
    if sum((bool(perm), public, link)) != 1:
        raise ValueError("A page declares exactly one of perm, public, link.")

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            allowed = {"GET", "HEAD", "POST"} if write else {"GET", "HEAD"}
            if request.method not in allowed:
                return HttpResponseNotAllowed(sorted(allowed))
            if perm:
                if not request.actor.is_authenticated:  # type: ignore[attr-defined]
                    return sign_in_first(request)
                if not rules.has_perm(perm, request.actor):  # type: ignore[attr-defined]
                    return refuse(
                        request,
                        DomainError("This page is for people with another role. The CME office can give access."),
                        403,
                    )
            try:
                if request.method == "POST" or not settings.ENFORCE_READ_ONLY_GET:
                    return view(request, *args, **kwargs)
                with connection.execute_wrapper(_refuse_writes):
                    return view(request, *args, **kwargs)
            except DomainError as error:
                return _answer(request, error)

        wrapped.page = Page(perm, public, write, link, files)  # type: ignore[attr-defined]
        return wrapped

    return decorate


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back; an htmx request is told to go there as a whole."""
    target = f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}"
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return redirect(target)


def refuse(request: HttpRequest, error: DomainError, status: int) -> HttpResponse:
    """An error page with the sentences of the error."""
    template = "403.html" if status == 403 else "410.html" if status == 410 else "problem.html"
    return render(request, template, {"messages_of_error": error.messages, "error": error}, status=status)


def _answer(request: HttpRequest, error: DomainError) -> HttpResponse:
    if error.status == 403 or request.method != "POST":
        return refuse(request, error, error.status)
    if getattr(request, "htmx", False):
        return render(request, "components/alert.html", {"tone": "bad", "text": str(error)}, status=200)
    for sentence in error.messages:
        messages.error(request, sentence)
    return redirect(request.get_full_path())


def _refuse_writes(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    words = sql.lstrip().upper()
    if words.startswith(_WRITES) and not any(table in sql for table in _MAY_WRITE_ON_GET):
        raise GetWrote(sql[:200])
    return execute(sql, params, many, context)
