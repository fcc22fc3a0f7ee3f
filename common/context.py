"""What every page knows: whose installation this is, who looks at it, where they can go, light or dark."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

THEMES = (("auto", _lazy("Auto")), ("light", _lazy("Light")), ("dark", _lazy("Dark")))


@dataclass(frozen=True)
class _NoProvider:
    """Stands in until the provider's row exists, so that an error page or a first start never fails."""

    name: str = "CME Portal"
    short_name: str = "CME Portal"
    office_name: str = "Office of Continuing Medical Education"
    office_email: str = ""
    office_phone: str = ""
    office_address: str = ""


@dataclass(frozen=True)
class NavItem:
    """One entry of the main navigation."""

    label: str
    url: str
    current: bool


def portal(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `provider`, `person`, `nav`, `theme`, `demo`. Nothing is read before a template asks."""
    theme = request.COOKIES.get("theme", "auto")
    return {
        "provider": SimpleLazyObject(current_provider),
        "person": getattr(request, "person", None),
        "see_as": getattr(request, "see_as", None),
        "nav": _Once(lambda: navigation(request)),
        "theme": theme if theme in dict(THEMES) else "auto",
        "demo": settings.PORTAL_DEMO,
        "theme_choices": THEMES,
    }


def navigation(request: HttpRequest) -> list[NavItem]:
    """The main navigation of this person; an entry whose page is not installed is left out."""
    actor = getattr(request, "actor", None)
    if not getattr(request, "person", None):  # lazy: truth, not identity
        entries = [(_("Find activities"), "activities:catalogue"), (_("Check in"), "credits:check_in")]
    else:
        entries = [
            (_("My credit"), "credits:home"),
            (_("Find activities"), "activities:catalogue"),
            (_("Transcript"), "credits:transcript"),
        ]
        if getattr(actor, "is_planner", False):
            entries += [(_("My activities"), "activities:my_activities"), (_("Gaps"), "activities:gap_list")]
        if getattr(actor, "is_office", False):
            entries += [(_("CME office"), "admin:index")]
    entries.append((_("Help"), "pages:help"))
    found = [(label, url) for label, name in entries if (url := address(name))]
    current = _current(request.path, [url for _label, url in found])
    return [NavItem(label, url, url == current) for label, url in found]


class _Once:
    """A list made at the first use in a template, and only then."""

    def __init__(self, make: Callable[[], list[NavItem]]) -> None:
        self._make = make
        self._items: list[NavItem] | None = None

    def _get(self) -> list[NavItem]:
        if self._items is None:
            self._items = self._make()
        return self._items

    def __iter__(self) -> Any:
        return iter(self._get())

    def __len__(self) -> int:
        return len(self._get())

    def __getitem__(self, index: int) -> NavItem:
        return self._get()[index]


def address(name: str) -> str:
    """The address of a page without arguments, or "" while that page is not installed."""
    return _address(name, settings.ROOT_URLCONF, get_script_prefix())


@functools.cache
def _address(name: str, urlconf: str, prefix: str) -> str:
    # The frame of every page asks for twenty of these, and they never change while the process runs.
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _current(path: str, urls: list[str]) -> str:
    """The longest entry that the path lies under; the root only for itself."""
    return max((u for u in urls if path == u or (u != "/" and path.startswith(u))), key=len, default="")


def current_provider() -> Any:
    """The provider of this installation, or a stand-in before set-up."""
    # By name, not by import: the kernel knows no app (import contract).
    try:
        return apps.get_model("accounts", "Provider").current() or _NoProvider()
    except (LookupError, ObjectDoesNotExist):
        return _NoProvider()
