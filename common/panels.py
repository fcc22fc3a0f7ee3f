"""Blocks that an app puts on a lower app's page through settings.PAGE_PANELS (decision 13)."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Panel:
    """A partial template with its context."""

    template: str
    context: dict[str, Any]
