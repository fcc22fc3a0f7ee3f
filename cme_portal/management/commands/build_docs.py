"""manage.py build_docs: pages of the documentation that the code knows better, here the states of every workflow."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from activities.workflow import ACTIVITY, IMPORT, REGISTRATION, SESSION
from reporting.workflow import CREDIT_REPORT

STATES = Path(settings.BASE_DIR) / "docs" / "domain" / "states.md"
WORKFLOWS = (ACTIVITY, SESSION, REGISTRATION, IMPORT, CREDIT_REPORT)

_HEAD = """# States

Made by `manage.py build_docs` from the transition tables in `workflow.py`; a test fails when it is stale. The same
tables make the database triggers, so that no other change of a status is possible, raw SQL included. Where a rule is
named, a person who acts must satisfy it; a dash means that the portal acts by itself or the use case decides.
"""


def states() -> str:
    """The page docs/domain/states.md: per workflow its states and its table."""
    parts = [_HEAD]
    for workflow in WORKFLOWS:
        words = ", ".join(f"`{value}` ({label})" for value, label in workflow.states.choices)
        heading, table = workflow.as_markdown().split("\n", 1)
        parts.append(f"{heading}\n\n{words}\n{table}")
    return "\n".join(parts)


def pages() -> dict[Path, str]:
    """Every generated page and its text."""
    return {STATES: states()}


class Command(BaseCommand):
    help = "Write the generated pages of docs/ anew."

    def handle(self, *args: Any, **options: Any) -> None:
        for path, text in pages().items():
            path.write_text(text)
            self.stdout.write(str(path.relative_to(settings.BASE_DIR)))
