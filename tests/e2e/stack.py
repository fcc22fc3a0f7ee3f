"""The stack that `make demo` starts, for tests: driven over HTTP like any browser, looked into by plain SQL at the end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import requests

from common.processes import process_command
from common.services import temporary_folder

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 300
DOMAIN = "lakeshore.example"


def wait_for(what: str, happened: Callable[[], Any], seconds: float, every: float = 0.1) -> Any:
    """The first true answer; fails with `what` when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := happened():
            return answer
        time.sleep(every)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


@dataclass
class Stack:
    """A running portal with its own data."""

    process: subprocess.Popen[bytes]
    details: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.details["url"])

    @property
    def direct(self) -> str:
        """The same server without a name to look up: a bare system knows no localhost."""
        return self.url.replace("//localhost", "//127.0.0.1")

    def pid(self, name: str) -> int:
        """The present leader of web, worker or beat; the supervisor notes every restart."""
        return int(json.loads((Path(self.details["data_dir"]) / "processes.json").read_text())[name])

    def children(self, name: str) -> list[int]:
        """The processes that a leader started."""
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.pid(name))], capture_output=True, text=True, check=False
        )
        return [int(line) for line in found.stdout.split()]

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look into the database. Tests act by browser; this only reads, or prepares what no page can."""
        connection = psycopg2.connect(self.details["database_url"])
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def logs(self, name: str, lines: int = 30) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(
                (Path(self.details["logs"]) / f"{name}.log").read_text(errors="replace").splitlines()[-lines:]
            )
        return ""

    def kill_leader_and_children(self, name: str) -> None:
        """SIGKILL for a leader and all it started, at once, as when a machine loses power."""
        for pid in [self.pid(name), *self.children(name)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def broker_pid(self) -> int:
        port = re.search(r":(\d+)/\d+$", self.details["redis_url"])
        assert port is not None
        found = subprocess.run(
            ["ps", "-e", "-ww", "-o", "pid=", "-o", "args="], capture_output=True, text=True, check=True
        ).stdout
        own = [
            line.split(None, 1)
            for line in found.splitlines()
            if re.search(rf"(valkey|redis)-server .*:{port[1]}\b", line)
        ]
        assert len(own) == 1, f"{len(own)} brokers on port {port[1]}"
        return int(own[0][0])

    @contextlib.contextmanager
    def broker_gone(self) -> Iterator[None]:
        """The broker does not answer: it is stopped where it stands, connections hang, and comes back later."""
        pid = self.broker_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def answers(self) -> bool:
        """Whether the web server is there."""
        try:
            return requests.get(f"{self.direct}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


@contextlib.contextmanager
def running(*, port: int = 0, durable: bool = False) -> Iterator[Stack]:
    """Start the stack on free ports in a temporary folder; stop it and leave nothing behind.

    `durable`: the database waits for its disk and tidies up after itself, as in production; tests have no use for it.
    """
    with temporary_folder() as folder:
        ready = folder / "ready.json"
        environment = {
            k: v
            for k, v in os.environ.items()
            if k not in {"DATABASE_URL", "REDIS_URL", "PORT", "PORTAL_ENV", "STORAGE_DIR"}
        }
        command = [sys.executable, "-m", "cme_portal.demo", "--port", str(port), "--data-dir", str(folder / "data")]
        command += ["--quiet", "--ready-file", str(ready), *([] if durable else ["--throwaway"])]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            end = time.monotonic() + START_SECONDS
            while not ready.exists():
                if process.poll() is not None:
                    said = process.stderr.read().decode(errors="replace") if process.stderr else ""
                    raise RuntimeError(f"The stack stopped at its start:\n{said[-3000:]}")
                if time.monotonic() > end:
                    raise RuntimeError(f"The stack was not ready within {START_SECONDS} s.")
                time.sleep(0.2)
            stack = Stack(process, json.loads(ready.read_text()))
            try:
                yield stack
            finally:
                stack.stop()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(10)
            if process.stderr:
                process.stderr.close()
    assert not process_command(process.pid)


class Browser(requests.Session):
    """A person without JavaScript: follows links, sends forms with their tokens."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self.base = stack.direct

    def get(self, path: Any, **more: Any) -> requests.Response:  # type: ignore[override]
        return super().get(path if path.startswith("http") else self.base + path, timeout=30, **more)

    def submit(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> requests.Response:
        """POST the form of a page, with what is hidden in it."""
        page = self.get(path)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        token = hidden.get("csrfmiddlewaretoken") or self.cookies.get("csrftoken", "")
        fields = {**hidden, **(data or {}), "csrfmiddlewaretoken": token}
        return self.post(self.base + path, data=fields, headers={"Referer": self.base + path}, timeout=30, **more)

    def sign_in(self, email: str) -> requests.Response:
        """As a learner does: ask for a code, read it in the demo's mail, type it."""
        self.submit("/sign-in/", {"email": email})
        return self.submit("/sign-in/code/", {"code": self.code_for(email)})

    def code_for(self, email: str) -> str:
        mail = self.get(f"/demo/mail/?to={email}").text
        found = re.search(r"\b([2-9A-HJ-NP-Z]{6}) is your code", mail)
        assert found, f"No code for {email} at /demo/mail/"
        return found[1]

    def introduce(
        self, given: str, family: str, degrees: str = "MD", profession: str = "physician"
    ) -> requests.Response:
        return self.submit(
            "/welcome/", {"given_name": given, "family_name": family, "degrees": degrees, "profession": profession}
        )
