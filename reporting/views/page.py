"""What the pages of the office's desk share: one door, Unfold's frame, and steps that answer with a sentence."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from activities.models import Activity
from common.errors import DomainError, NotAllowed
from common.page import page


def desk_page(*, write: bool = False, files: bool = False) -> Callable[..., Any]:
    """A page of the admin outside of any table: the office only, by our rule and by the admin's."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        door = page(perm="accounts.office", write=write, files=files)
        wrapped: Callable[..., HttpResponse] = door(admin.site.admin_view(view))
        return wrapped

    return decorate


def show(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, template, {**admin.site.each_context(request), **context}, status=status)


def act(
    request: HttpRequest, activity: Activity, function: Callable[..., object], said: str, **arguments: Any
) -> HttpResponse:
    """Do one thing and go back to the activity with what came of it. A refusal of the person stays a 403."""
    try:
        function(by=request.actor, **arguments)  # type: ignore[attr-defined]
    except NotAllowed:
        raise
    except DomainError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
    else:
        messages.success(request, said)
    return redirect("desk:activity", activity.number)
