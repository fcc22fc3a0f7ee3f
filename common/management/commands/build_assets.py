"""Writes the assets that are made from others: the icon sprite, and our components for the admin."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common import icons

SCOPE = ".cme"
# The office reads denser pages, on Unfold's ground.
_DENSE = (
    ".cme { background: transparent; font-size: var(--text-sm); }",
    ".cme h1 { font-size: var(--text-2xl); }",
    ".cme .card { box-shadow: none; }",
)


def admin_css() -> str:
    """components.css with every selector under `.cme`, so that Unfold's own pages keep their look."""
    source = (Path(settings.BASE_DIR) / "static/css/components.css").read_text()
    head = (
        '/* Made from components.css by `manage.py build_assets`. Wrap what is ours in the admin in class="cme". */\n'
    )
    return head + "\n".join([*_scope(_without_comments(source)), *_DENSE]) + "\n"


def _without_comments(css: str) -> str:
    return re.sub(r"/\*.*?\*/", "", css, flags=re.S)


def _scope(css: str) -> list[str]:
    """Rule by rule; @media and @supports are entered, @font-face is kept as it is."""
    lines: list[str] = []
    position = 0
    while (opening := css.find("{", position)) != -1:
        prelude = " ".join(css[position:opening].split())
        closing = _closing(css, opening)
        body = css[opening + 1 : closing]
        if prelude.startswith(("@media", "@supports")):
            inner = _scope(body)
            lines += [f"{prelude} {{", *(f"  {line}" for line in inner), "}"] if inner else []
        elif prelude.startswith("@"):
            lines.append(f"{prelude} {{ {' '.join(body.split())} }}")
        elif selector := _selector(prelude):
            lines.append(f"{selector} {{ {' '.join(body.split())} }}")
        position = closing + 1
    return lines


def _closing(css: str, opening: int) -> int:
    depth = 0
    for at in range(opening, len(css)):
        depth += {"{": 1, "}": -1}.get(css[at], 0)
        if depth == 0:
            return at
    raise CommandError("components.css has a brace that is not closed.")


def _selector(prelude: str) -> str:
    """Each part under the scope. `body` becomes the scope itself; `html` and `:root` rules are the page's, not ours."""
    parts = []
    for part in _split(prelude):
        if part in {"html", ":root"}:
            continue
        if part == "body":
            parts.append(SCOPE)
        elif theme := re.match(r"(:is\(\[data-bs-theme[^)]*\)|html(?:\.js|:not\(\.js\)))\s+(.*)", part):
            parts.append(f"{theme[1]} {SCOPE} {theme[2]}")
        else:
            parts.append(f"{SCOPE} {part}")
    return ", ".join(parts)


def _split(prelude: str) -> list[str]:
    """At the commas between selectors, not at those inside :is() or :not()."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(prelude):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append(prelude[start:at].strip())
            start = at + 1
    return [p for p in [*parts, prelude[start:].strip()] if p]


def assets() -> dict[Path, str]:
    """Path → what must stand in it."""
    return {
        icons.sprite_path(): icons.sprite(icons.in_use()),
        Path(settings.BASE_DIR) / "static/css/cme-admin.css": admin_css(),
    }


class Command(BaseCommand):
    """`manage.py build_assets`: run it after naming a new icon or changing components.css."""

    help = "Write static/img/icons.svg and static/css/cme-admin.css from what is in use."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        unknown = {name: where for name, where in icons.named_in_templates().items() if not icons.exists(name)}
        if unknown:
            raise CommandError(
                "\n".join(
                    f'Lucide has no icon "{name}" (named in {", ".join(sorted(where))}).'
                    for name, where in sorted(unknown.items())
                )
            )
        for path, text in assets().items():
            changed = not path.exists() or path.read_text() != text
            if changed:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            self.stdout.write(
                f"{path.relative_to(settings.BASE_DIR)}: {'written' if changed else 'up to date'}, {len(text):,} characters"
            )
