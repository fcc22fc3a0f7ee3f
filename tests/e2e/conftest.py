"""One stack for all browser tests of a run; each test brings its own people."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.stack import Stack, running

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Web, worker, beat, database and broker, as `make demo` starts them, with the demo school."""
    with running() as found:
        yield found


@pytest.fixture(scope="session")
def own_stack() -> Iterator[Stack]:
    """A second stack, for tests that break it on purpose."""
    with running() as found:
        yield found


@pytest.fixture(scope="session")
def portal(request: pytest.FixtureRequest) -> str:
    """Address of the portal under test; PORTAL_URL names one that runs already."""
    return os.environ.get("PORTAL_URL", "").rstrip("/") or request.getfixturevalue("stack").url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: CHROMIUM_PATH, else the system's (decision 28)."""
    path = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as engine:
        instance = engine.chromium.launch(executable_path=path, args=FLAGS)
        yield instance
        instance.close()
