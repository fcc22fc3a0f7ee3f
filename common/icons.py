"""Lucide icons (ISC): one sprite of those in use, static/img/icons.svg, written by `manage.py build_assets`.

An icon is in use when a template or a module of ours names it; `EXTRA` holds names that only data knows.
"""

import functools
import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from zipfile import ZipFile

from django.conf import settings

EXTRA: tuple[str, ...] = ("info",)
SPRITE = "img/icons.svg"

_NAME = r"""["']([a-z][a-z0-9-]*)["']"""
_IN_TEMPLATES = (
    re.compile(r"\{%\s*icon\s+" + _NAME),
    re.compile(r"\bicon(?:_name)?=" + _NAME),
    re.compile(r"\{%\s*emptystate\s+" + _NAME),
    re.compile(r"""\{%\s*chip\s+["'][a-z]+["']\s+""" + _NAME),
)
_IN_PYTHON = (
    re.compile(r"\bicon=" + _NAME),
    re.compile(r"\bicon\(" + _NAME),
    re.compile(r"""Status\(\s*(?:_\()?(?:"[^"]*"|'[^']*')\)?,\s*["'](?:idle|info|warn|bad|ok)["'],\s*""" + _NAME),
)
_APPS = ("common", "accounts", "activities", "integrity", "evaluations", "credits", "reporting", "cme_portal")


def sprite_path() -> Path:
    """The committed sprite."""
    return Path(settings.BASE_DIR) / "static" / SPRITE


@functools.cache
def _bundle() -> dict[str, str]:
    """Every Lucide icon's drawing, without the outer <svg>."""
    with resources.as_file(resources.files("lucide") / "lucide.zip") as path, ZipFile(path) as bundle:
        return {
            name.removesuffix(".svg"): _inner(bundle.read(name).decode())
            for name in bundle.namelist()
            if name.endswith(".svg")
        }


def _inner(svg: str) -> str:
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    return re.sub(r"\s*/>", "/>", re.sub(r">\s+<", "><", body.strip()))


def exists(name: str) -> bool:
    """Whether Lucide has this icon."""
    return name in _bundle()


def drawing(name: str) -> str:
    """The paths of one icon, for a page that shows an icon the committed sprite does not have yet."""
    return _bundle()[name]


def named_in_templates() -> dict[str, set[str]]:
    """Icon name → templates that name it."""
    return _named(_files(Path(settings.BASE_DIR) / "templates", "*.html"), _IN_TEMPLATES)


def named_in_python() -> dict[str, set[str]]:
    """Icon name → modules that name it; Material Symbols of the admin's sidebar are left out."""
    base = Path(settings.BASE_DIR)
    paths = [p for app in _APPS for p in _files(base / app, "*.py")]
    return {name: where for name, where in _named(paths, _IN_PYTHON).items() if exists(name)}


def in_use() -> list[str]:
    """The icons the sprite must hold, sorted."""
    return sorted(named_in_templates().keys() | named_in_python().keys() | set(EXTRA))


def sprite(names: Iterable[str]) -> str:
    """The sprite's text."""
    symbols = "\n".join(f'<symbol id="{n}" viewBox="0 0 24 24">{drawing(n)}</symbol>' for n in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n<!-- Lucide icons, ISC License, lucide.dev/license -->\n{symbols}\n</svg>\n'


@functools.cache
def _in_sprite(stamp: float) -> frozenset[str]:
    return frozenset(re.findall(r'<symbol id="([^"]+)"', sprite_path().read_text()))


def in_sprite(name: str) -> bool:
    """Whether the committed sprite holds this icon; in development a rebuilt sprite is seen without a restart."""
    try:
        stamp = sprite_path().stat().st_mtime if settings.DEBUG else 0.0
        return name in _in_sprite(stamp)
    except FileNotFoundError:
        return False


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.rglob(pattern)) if folder.is_dir() else []


def _named(paths: Iterable[Path], patterns: Iterable[re.Pattern[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in paths:
        text = path.read_text()
        for pattern in patterns:
            for name in pattern.findall(text):
                found.setdefault(name, set()).add(str(path))
    return found
