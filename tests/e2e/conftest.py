"""One running portal for all browser tests: the very stack of `make demo`, on free ports, in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split()
START = 300


@pytest.fixture(scope="session")
def stack() -> Iterator[dict[str, object]]:
    """URL and process ids of a throw-away demo; PORTAL_URL names one that runs already."""
    if os.environ.get("PORTAL_URL"):
        yield {"url": os.environ["PORTAL_URL"].rstrip("/")}
        return
    folder = Path(tempfile.mkdtemp(prefix="cme-e2e-"))
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "cme_portal.demo", "--port", "0", "--data-dir", str(folder / "data"), "--throwaway", "--quiet", "--ready-file", str(ready)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        ends = time.monotonic() + START
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > ends:
                pytest.fail("the demo did not start:\n" + (folder / "log").read_text()[-4000:])
            time.sleep(0.3)
        yield json.loads(ready.read_text())
    finally:
        process.terminate()
        process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def portal(stack: dict[str, object]) -> str:
    return str(stack["url"]).rstrip("/")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as engine:
        instance = engine.chromium.launch(executable_path=path, args=FLAGS)
        yield instance
        instance.close()
