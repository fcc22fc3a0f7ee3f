"""Made assets are fresh, and templates obey the page's policy: nothing inline, no icon that does not exist."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from common import icons, status, unfold
from common.management.commands import build_assets

BASE = Path(settings.BASE_DIR)
TEMPLATES = sorted((BASE / "templates").rglob("*.html"))
# E-mail and PDF carry their own styles: no page policy applies there (decision 25).
ON_PAGES = [t for t in TEMPLATES if not {"emails", "pdf"} & set(t.relative_to(BASE).parts)]


def _name(path: Path) -> str:
    return str(path.relative_to(BASE))


@pytest.mark.parametrize("path", build_assets.assets(), ids=_name)
def test_built_asset_is_fresh(path: Path) -> None:
    assert path.read_text() == build_assets.assets()[path], "Run `manage.py build_assets` and commit the result."


@pytest.mark.parametrize("path", ON_PAGES, ids=_name)
def test_nothing_inline(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.S)
    assert not re.findall(r"<style\b", text)
    assert not re.findall(r"\sstyle\s*=", text)
    assert not re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text)
    assert not re.findall(r"<[^>]+\son[a-z]+\s*=", text)
    assert not re.findall(r"href=[\"']javascript:", text)
    assert not re.findall(r"\bhx-on\b|hx-vals=[\"']js:", text)


def test_icons_named_in_templates_exist() -> None:
    assert {name for name in icons.named_in_templates() if not icons.exists(name)} == set()


def test_icons_of_status_words_are_in_the_sprite() -> None:
    named = {s.icon for kind in status.kinds().values() for s in kind.values()}
    assert {name for name in named if not icons.in_sprite(name)} == set()


def test_admin_components_stay_under_their_scope() -> None:
    css = re.sub(r"/\*.*?\*/", "", build_assets.admin_css(), flags=re.S)
    for prelude in re.findall(r"(?:^|[}{])\s*([^{}@]+)\{", re.sub(r"@font-face\s*\{[^}]*\}", "", css)):
        for part in build_assets._split(prelude):
            assert ".cme" in part, part


def test_admin_palette_is_the_tokens() -> None:
    tokens = (BASE / "static/css/tokens.css").read_text()
    source = (BASE / "common/unfold.py").read_text()
    for group, step in (("base", "50"), ("base", "950"), ("primary", "600"), ("primary", "400")):
        hexa = re.search(rf'"{step}": "{re.escape(unfold.COLORS[group][step])}",  # (#[0-9a-f]+)', source)
        assert hexa is not None
        assert hexa[1] in tokens


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"url\(\.\./(fonts/[^)]+)\)", (BASE / "static/css/components.css").read_text())))
)
def test_font_is_committed(path: str) -> None:
    assert (BASE / "static" / path).read_bytes()[:4] == b"wOF2"


def test_fonts_carry_their_licence() -> None:
    assert {p.name for p in (BASE / "static/fonts").glob("OFL*")} >= {"OFL-public-sans.txt", "OFL-source-serif-4.txt"}


def test_static_files_that_templates_name_are_found() -> None:
    named = {n for t in TEMPLATES for n in re.findall(r"""\{%\s*(?:static|asset)\s+["']([^"']+)["']""", t.read_text())}
    assert {n for n in named if finders.find(n) is None} == set()
