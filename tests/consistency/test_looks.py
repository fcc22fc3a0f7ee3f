"""Every page of the portal in a real browser: axe finds nothing, nothing scrolls sideways, in light and dark.

The pages are those that `test_pages` walks, written by Django on the grown school; a browser then opens what was written.
A page is opened once per address, and again for whoever sees parts on it that were on no page before.
"""

import functools
import mimetypes
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from django.urls import reverse
from playwright.sync_api import Browser, Page, sync_playwright

from tests.consistency.test_pages import OURS, ROLES, _django_db_helper, office_addresses, school, visit  # noqa: F401
from tests.e2e.conftest import FLAGS
from tests.e2e.people import SIZES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CHROMIUM = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or shutil.which("google-chrome")
SHOTS = os.environ.get("LOOKS_SHOTS", "")
PART = re.compile(r"<([a-z][a-z0-9-]*)\b([^>]*)>")
CLASSES = re.compile(r'\b(?:class|role|type|aria-[a-z]+)="([^"]*)"')
# Whose pages are opened in every state; the others bring what is theirs alone.
MAIN = ("staff", "planner", "learner")
# One measure for the phone, with all of axe; one for the wide screen in the dark, where colors and tables differ.
LOOKS = (("phone", "light"), ("desktop", "dark"))
MEASURE = """async ([where, options]) => {
  const found = document.querySelector(where) ? await axe.run(where, options) : {violations: []};
  const root = document.documentElement;
  const wide = root.scrollWidth - root.clientWidth;
  const past = wide <= 1 ? [] : Array.from(document.body.querySelectorAll("*")).filter(
    (e) => e.getBoundingClientRect().right > root.clientWidth + 1).slice(0, 4).map((e) => e.outerHTML.slice(0, 120));
  return {wide, past, found: found.violations.map(
    (v) => ({id: v.id, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " " + (n.any[0] ? n.any[0].message : "").slice(0, 120))}))};
}"""


@dataclass(frozen=True)
class Written:
    """A page as the server wrote it for a role."""

    role: str
    url: str
    body: bytes
    office: bool
    status: int = 200

    @functools.cached_property
    def parts(self) -> frozenset[str]:
        """Its elements with their classes: what a style or a rule of axe can tell apart."""
        return frozenset(f"{name} {' '.join(CLASSES.findall(rest))}" for name, rest in PART.findall(self.body.decode()))


def written(role: str, url: str, visit: Any, *, office: bool = False) -> Written | None:  # noqa: F811
    response = visit(role, url)
    if "text/html" not in response.headers.get("Content-Type", "") or response.streaming:
        return None
    body = response.content
    return Written(role, url, body, office, response.status_code) if b"<html" in body else None


def pages(school: Any, visit: Any) -> list[Written]:  # noqa: F811
    """One of each address and of each refusal, and what shows something new."""
    seen: set[str] = set()
    found: list[Written] = []
    for role in sorted(ROLES, key=[*MAIN, *ROLES].index):
        urls = [
            (a.name, reverse(a.name, kwargs=kw), False)
            for a in OURS if role in MAIN or a.name not in seen
            for kw in school.examples(a, role)[:: 1 if role == MAIN[0] else 2]
        ]  # fmt: skip
        if role == MAIN[0]:
            urls += [(f"admin {url}", url, True) for url in office_addresses()]
        for name, url, office in urls:
            page = written(role, url, visit, office=office)
            if page is None or page.parts | {name} <= seen:
                continue
            if page.status != 200:
                name = f"answer {page.status}"
                if name in seen:
                    continue
            seen |= page.parts | {name}
            found.append(page)
    return found


@contextmanager
def served(found: list[Written]) -> Iterator[str]:
    """What was written, on a port of this machine, with the styles and scripts it asks for."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            if path.startswith("/static/"):
                file = finders.find(path.removeprefix("/static/"))
                body = Path(str(file)).read_bytes() if file else b""
                kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            else:
                number = path.removeprefix("/written/").removesuffix("/")
                body = found[int(number)].body if number.isdecimal() else b""
                kind = "text/html; charset=utf-8"
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if path.startswith("/static/"):
                self.send_header("Cache-Control", "max-age=3600")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def looked_at(page: Page, base: str, number: int, one: Written) -> list[str]:
    """What is wrong with a page, in sentences."""
    wrong = []
    for size, scheme in LOOKS:
        page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
        if (size, scheme) == LOOKS[0]:
            page.goto(f"{base}/written/{number}/", wait_until="load")
        page.evaluate(
            "(s) => { const r = document.documentElement; r.dataset.bsTheme = s; r.classList.toggle('dark', s === 'dark'); }",
            scheme,
        )
        options: dict[str, Any] = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
        if scheme == "dark":
            options = {
                "resultTypes": ["violations"],
                "runOnly": {"type": "rule", "values": ["color-contrast", "target-size"]},
            }
        # Of a page that the admin's theme makes, our parts.
        said = page.evaluate(MEASURE, [".cme" if one.office else "html", options])
        name = f"{one.role} {one.url} ({size}, {scheme})"
        wrong += [f"{name}: {v['id']} {v['nodes']}" for v in said["found"]]
        if said["wide"] > 1 and not one.office:
            wrong.append(f"{name}: {said['wide']} px too wide {said['past']}")
        if SHOTS:
            file = re.sub(r"[^a-z0-9]+", "-", f"{one.url}-{one.role}-{size}".lower()).strip("-")
            page.screenshot(path=f"{SHOTS}/{file}.png", full_page=True)
    return wrong


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here; `make test` brings one")
def test_every_page_is_accessible_and_fits_the_phone(school, visit):  # noqa: F811
    found = pages(school, visit)
    wrong: list[str] = []
    with served(found) as base, chromium() as browser:
        context = browser.new_context(reduced_motion="reduce", locale="en-US", bypass_csp=True)
        context.add_init_script(Axe().axe_script)
        page = context.new_page()
        for number, one in enumerate(found):
            wrong += looked_at(page, base, number, one)
        context.close()
    assert wrong == []
    assert len(found) > len(OURS) / 3, "The walk writes next to nothing; is the school empty?"
