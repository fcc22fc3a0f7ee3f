"""What the documentation promises exists, and what exists is documented."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

import cme_portal
from cme_portal.management.commands import build_docs

BASE = Path(settings.BASE_DIR)
OPERATORS = (BASE / "docs/operators.md").read_text()
DOCS = sorted((BASE / "docs").rglob("*.md")) + sorted(BASE.glob("*.md"))
OURS = ("common", "accounts", "activities", "integrity", "evaluations", "credits", "reporting", "cme_portal")
ALL_TEXT = "\n".join(p.read_text() for p in DOCS)


@pytest.mark.parametrize("path", build_docs.pages(), ids=lambda p: p.name)
def test_generated_page_is_fresh(path: Path) -> None:
    assert path.exists(), "Run `manage.py build_docs` and commit the result."
    assert path.read_text() == build_docs.pages()[path], "Run `manage.py build_docs` and commit the result."


def test_the_version_is_the_changelogs() -> None:
    newest = re.search(r"^## (\S+)", (BASE / "CHANGELOG.md").read_text(), re.M)
    assert newest is not None
    assert newest[1] == cme_portal.__version__


def test_every_setting_of_the_environment_is_documented() -> None:
    source = (BASE / "cme_portal/settings.py").read_text()
    read = set(re.findall(r"env\.\w+\(\s*[\"']([A-Z_]+)[\"']", source))
    named = set(re.findall(r"`([A-Z_]+)`", OPERATORS))
    assert read - named == set()


def test_every_setting_in_the_template_is_read() -> None:
    """Nobody sets a value that does nothing; the last three are the compose file's own."""
    source = (
        (BASE / "cme_portal/settings.py").read_text()
        + (BASE / "compose.yaml").read_text()
        + (BASE / "Dockerfile").read_text()
    )
    named = set(re.findall(r"^#? ?([A-Z_]{3,})=", (BASE / ".env.example").read_text(), re.M))
    assert {n for n in named if n not in source} == set()


def test_every_command_is_documented() -> None:
    ours = {name for name, app in get_commands().items() if app in OURS}
    assert {name for name in ours if name not in ALL_TEXT} == set()


def test_every_make_target_named_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (BASE / "Makefile").read_text(), re.M))
    assert {t for t in re.findall(r"`(?:PORT=\d+ )?make ([a-z-]+)", ALL_TEXT) if t not in targets} == set()


def test_links_between_pages_lead_somewhere() -> None:
    links = [(p, link) for p in DOCS for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", p.read_text())]
    assert [f"{p.relative_to(BASE)}: {link}" for p, link in links if not (p.parent / link).exists()] == []


def test_dotted_paths_in_settings_import() -> None:
    """Where a lower app asks a higher one, a typing error would be silence (design section 4)."""
    hooks = [*settings.READINESS_CHECKS, *settings.REFERENCE_LOADERS, *settings.NAME_STANDS_ON, *settings.ON_ROLE_ADDED]
    hooks += [p for paths in settings.PAGE_PANELS.values() for p in paths]
    hooks += [
        p
        for p in (
            settings.CATALOGUE_CREDIT,
            settings.CREDIT_TYPES_TO_ASK,
            settings.ROLE_STANDINGS,
            settings.DISCLOSURE_REMINDER,
        )
        if p
    ]
    missing = []
    for path in hooks:
        try:
            import_module(path)
        except ImportError:
            module, _dot, name = path.rpartition(".")
            if not hasattr(import_module(module), name):
                missing.append(path)
    assert missing == []
