"""Composition root: settings, URLs, Celery. It imports everything and is imported by nobody."""

import re
from pathlib import Path

from cme_portal.celery import app as celery_app

_RELEASE = re.compile(r"^## (\d+\.\d+\.\d+)$", re.M)


def _version() -> str:
    """The newest release in CHANGELOG.md, the only place where the version is written."""
    found = _RELEASE.search((Path(__file__).resolve().parent.parent / "CHANGELOG.md").read_text())
    if found is None:
        raise RuntimeError("CHANGELOG.md names no release: a line such as “## 1.2.3” is missing.")
    return found[1]


__version__ = _version()
__all__ = ["__version__", "celery_app"]
