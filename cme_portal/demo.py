"""The supervisor behind `make demo`: real servers, real workers, one terminal.

It starts PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL name others), brings the
database up to date, then runs the web server, a Celery worker and Celery beat, restarts
what dies, and stops everything on Ctrl-C. It never imports Django itself: the work is
done by child processes, so that a broken setting is reported and not half-applied.

    python -m cme_portal.demo --port 8123
    python -m cme_portal.demo --port 0 --data-dir DIR --throwaway --quiet --ready-file FILE
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import datetime as dt
import errno
import fcntl
import hashlib
import http.client
import ipaddress
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from common.processes import die_with_parent, free_port, port_taken, process_command, wait_for
from common.services import ServiceError, Services, check_space, remove_data

ROOT = Path(__file__).resolve().parent.parent
DOMAIN = "lakeshore.example"
ROLES = (
    ("planner", "plans activities: gap, application, objectives, agenda"),
    ("coordinator", "looks after a department's series"),
    ("staff", "CME office: reviews, designates, publishes"),
    ("director", "CME office: decides, sees all of it"),
    ("reviewer", "reviews applications"),
    ("speaker", "discloses and presents"),
    ("physician", "learner: registers, checks in, claims AMA PRA Category 1 Credit"),
    ("nurse", "learner who is not a physician"),
    ("dean", "reads figures and reports"),
)
PDF_LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
START_SECONDS = 120
BACK_OFF = (1, 2, 4, 8, 16, 30)


class DemoError(Exception):
    """The demo cannot go on; the text is a sentence for the person at the terminal."""


class Stop(Exception):
    """Ctrl-C, SIGTERM, or the terminal was closed."""


@dataclass
class Options:
    port: int
    host: str
    data_dir: Path
    base_url: str
    ready_file: Path | None
    clock_offset: int
    throwaway: bool
    quiet: bool
    web_workers: int


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


# --------------------------------------------------------------------------- children


@dataclass
class Child:
    """One program in a process group of its own, its output in a log file."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    started: float = 0.0
    restart_at: float = 0.0

    def start(self, environment: dict[str, str]) -> None:
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=environment,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        self.started, self.restart_at = time.monotonic(), 0.0

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def last_words(self, lines: int = 15) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""


def group_alive(group: int) -> bool:
    """Whether any process of the group is left, reaping our own dead ones first."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-group, os.WNOHANG)
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def stop_groups(groups: Sequence[int], patience: float, hurry: Callable[[], bool] = lambda: False) -> None:
    """Ask all leaders to stop at once, wait, then make their groups.

    Only the leader is asked: Celery and granian end their own processes in order, and a
    pool process that got the signal too would drop the job it works on.
    """

    def none_left() -> bool:
        return not [group for group in groups if group_alive(group)]

    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        for group in groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if number == signal.SIGTERM and process_command(group):
                    os.kill(group, number)
                else:
                    os.killpg(group, number)
        if number == signal.SIGKILL:
            wait_for(none_left, seconds)
        elif wait_for(lambda: none_left() or hurry(), seconds) and none_left():
            return


# ------------------------------------------------------------------------- supervisor


@dataclass
class Supervisor:
    options: Options
    children: list[Child] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    impatient: bool = False
    stopping: bool = False
    started: float = field(default_factory=time.monotonic)

    # -- small helpers

    @property
    def folder(self) -> Path:
        return self.options.data_dir

    @property
    def processes(self) -> Path:
        return self.folder / "processes.json"

    def say(self, text: str = "") -> None:
        if not self.options.quiet:
            print(text, flush=True)

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.say(f"  {what:<44} {time.monotonic() - start:5.1f} s")

    # -- the run

    def run(self) -> int:
        self._check_host()
        self._make_folder()
        with self._only_copy():
            self._stop_leftovers()
            self._check_port()
            check_space(self.folder)
            services = Services(
                self.folder,
                durable=not self.options.throwaway,
                dies_with_us=self.options.throwaway,
                database_url=os.environ.get("DATABASE_URL", ""),
                redis_url=os.environ.get("REDIS_URL", ""),
            )
            self.say(f"Starting the CME Portal demo in {self.folder}")
            try:
                with self.step("PostgreSQL and Valkey"):
                    services.start()
                self._set_environment(services)
                self._prepare()
                try:
                    self._start_children()
                    self._announce()
                    self._watch()
                finally:
                    self.stopping = True
                    self._stop_children()
            finally:
                self.stopping = True
                services.stop()
                if self.options.throwaway:
                    remove_data(self.folder / "postgres")
        return 0

    # -- before

    def _check_host(self) -> None:
        """Decision 26: the demo signs anybody in, so it stays on this machine unless told otherwise."""
        if not is_loopback(self.options.host) and os.environ.get("DEMO_PUBLIC") != "1":
            raise DemoError(
                f"The demo lets anybody sign in as anybody, so it does not listen on {self.options.host}; "
                "if that is what you want, set DEMO_PUBLIC=1."
            )

    def _make_folder(self) -> None:
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK):
            raise PermissionError(errno.EACCES, "not writable", str(self.folder))

    @contextlib.contextmanager
    def _only_copy(self) -> Iterator[None]:
        handle = os.open(self.folder / "demo.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(handle, 200, 0).decode(errors="replace").strip() or "unknown address"
            os.close(handle)
            raise DemoError(
                f"The demo in {self.folder} is already running ({other}); use it, or stop it with Ctrl-C first."
            ) from None
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{self.options.base_url}, process {os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.ftruncate(handle, 0)
            os.close(handle)

    def _stop_leftovers(self) -> None:
        """Programs of a supervisor that was killed with SIGKILL (on Linux the kernel stops them for us)."""
        try:
            noted: dict[str, int] = json.loads(self.processes.read_text())
        except (OSError, ValueError):
            return
        # Their supervisor is dead, or we would not hold the lock. A number may have been reused since.
        stop_groups([pid for pid in noted.values() if "cme_portal" in process_command(pid)], 10)
        self.processes.unlink(missing_ok=True)

    def _check_port(self) -> None:
        port, host = self.options.port, self.options.host
        if not 1 <= port <= 65535:
            raise DemoError(f"{port} is not a port; choose one from 1024 to 65535: PORT=8123 make demo")
        if port < 1024 and os.geteuid() != 0:
            raise DemoError(f"Port {port} needs root; choose one above 1023: PORT=8123 make demo")
        if port_taken(port, "127.0.0.1" if host == "localhost" else host):
            other = port + 123 if port < 65000 else 8123
            raise DemoError(f"Port {port} is taken by another program; choose another one: PORT={other} make demo")

    def _set_environment(self, services: Services) -> None:
        public = not is_loopback(self.options.host)
        self.environment = {
            **os.environ,
            **services.environment(),
            "DJANGO_SETTINGS_MODULE": "cme_portal.settings",
            "PORTAL_ENV": "demo",
            "PORTAL_DEMO": "1",
            "DEMO_PUBLIC": "1" if public else "0",
            "SECRET_KEY": self._secret_key(),
            "PORTAL_BASE_URL": self.options.base_url,
            "ALLOWED_HOSTS": os.environ.get("ALLOWED_HOSTS") or ("*" if public else "localhost,127.0.0.1,[::1]"),
            "STORAGE_DIR": str(self.folder / "storage"),
            # The same for every data folder: it depends on the code only.
            "STATIC_ROOT": str(ROOT / ".demo" / "static"),
            "BEAT_SCHEDULE_FILE": str(self.folder / "beat-schedule"),
            "SIGNING_KEY_FILE": os.environ.get("SIGNING_KEY_FILE") or str(self.folder / "signing-key.p12"),
            "DEMO_CLOCK_OFFSET": str(self.options.clock_offset),
            "PYTHONUNBUFFERED": "1",
        }
        for name in ("DEBUG", "EMAIL_URL", "TRUSTED_PROXIES", "SECURE_SSL_REDIRECT"):
            self.environment.pop(name, None)  # the demo writes no mail and stands behind no proxy
        (self.folder / "storage").mkdir(exist_ok=True)

    def _secret_key(self) -> str:
        """Made once, so that a restart signs nobody out."""
        path = self.folder / "secret-key"
        if not path.exists():
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(secrets.token_urlsafe(50))
        return path.read_text().strip()

    def _prepare(self) -> None:
        """One child for all set-up commands: Django's start alone takes seconds."""
        log = self.folder / "logs" / "prepare.log"
        with open(log, "wb") as out:
            child = subprocess.Popen(
                [sys.executable, "-c", "from cme_portal.demo import prepare; prepare()"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=out,
                cwd=ROOT,
                env=self.environment,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
            try:
                start = time.monotonic()
                assert child.stdout is not None
                for line in child.stdout:
                    self.say(f"  {line.decode().rstrip():<44} {time.monotonic() - start:5.1f} s")
                    start = time.monotonic()
                code = child.wait()
            except BaseException:
                stop_groups([child.pid], 5)
                child.wait()
                raise
        if code:
            said = log.read_text(errors="replace")
            if "No space left on device" in said:
                raise DemoError("The disk is full; free some space and try again.")
            tail = "\n".join(said.splitlines()[-20:])
            raise DemoError(f"{tail}\nThe database could not be prepared; the lines above (all in {log}) say why.")

    # -- during

    def _start_children(self) -> None:
        python = sys.executable
        celery = [python, "-m", "celery", "-A", "cme_portal.celery:app"]
        web = [python, "-m", "granian", "--interface", "wsgi", "--host", self.options.host]
        web += ["--port", str(self.options.port), "--workers", str(self.options.web_workers)]
        web += ["--blocking-threads", "1", "--no-ws", "--respawn-failed-workers", "cme_portal.wsgi:application"]
        # Somebody waits for a page, nobody for the second in which a certificate is made.
        worker = [
            "nice",
            "-n",
            "10",
            *celery,
            "worker",
            "--loglevel",
            "WARNING",
            "--concurrency",
            "2",
            "--hostname",
            "demo@%h",
        ]
        beat = [
            *celery,
            "beat",
            "--loglevel",
            "WARNING",
            "--pidfile",
            "",
            "--schedule",
            str(self.folder / "beat-schedule"),
        ]
        self._start_child("web", web)
        self._start_child("worker", worker)
        self._wait_until_ready()
        # Last, so that the other two have the processors to themselves. Its health shows in /readyz later: the
        # worker's heartbeat goes stale without it.
        self._start_child("beat", beat)

    def _start_child(self, name: str, command: Sequence[str]) -> None:
        log = self.folder / "logs" / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        child = Child(name, command, log)
        self.children.append(child)
        child.start(self.environment)
        self._note_processes()

    def _note_processes(self) -> None:
        scratch = self.processes.with_suffix(".new")
        scratch.write_text(json.dumps({child.name: child.pid for child in self.children}))
        scratch.replace(self.processes)

    def _health(self) -> tuple[int, str]:
        """(status, body) of /readyz; (0, "") while nobody answers."""
        host = "127.0.0.1" if self.options.host in {"localhost", "0.0.0.0"} else self.options.host  # noqa: S104
        connection = http.client.HTTPConnection(host, self.options.port, timeout=5)
        try:
            connection.request("GET", "/readyz", headers={"Host": f"localhost:{self.options.port}"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def _wait_until_ready(self) -> None:
        with self.step("web server and worker"):
            end = time.monotonic() + START_SECONDS
            status, body = 0, ""
            while time.monotonic() < end:
                self._restart_dead()
                if broken := next((child for child in self.children if child.deaths >= 3), None):
                    raise DemoError(
                        f"{broken.last_words()}\nThe {broken.name} program stops as soon as it starts; "
                        f"the lines above (all in {broken.log}) say why."
                    )
                status, body = self._health()
                if status == 200 or (status and only_pdf_fails(body)):
                    return
                time.sleep(0.2)
            raise DemoError(
                f"The demo did not become healthy within {START_SECONDS} seconds "
                f"(/readyz answered {status or 'nothing'}: {body[:500]}); see {self.folder / 'logs'}."
            )

    def _restart_dead(self) -> None:
        """Start a dead child again, waiting longer each time."""
        for child in self.children:
            if child.alive():
                if child.deaths and time.monotonic() - child.started > 60:
                    child.deaths = 0
                continue
            if not child.restart_at:
                pause = BACK_OFF[min(child.deaths, len(BACK_OFF) - 1)]
                child.deaths += 1
                child.restart_at = time.monotonic() + pause
                self.say(f"The {child.name} program stopped; starting it again in {pause} s (see {child.log}).")
                if group_alive(child.pid):  # orphans of a killed leader would keep the port or the queue
                    stop_groups([child.pid], 0.5)
            elif time.monotonic() >= child.restart_at:
                child.start(self.environment)
                self._note_processes()

    def _watch(self) -> None:
        while True:
            time.sleep(0.5)
            self._restart_dead()

    def _announce(self) -> None:
        if self.options.ready_file:
            details: dict[str, Any] = {
                "url": self.options.base_url,
                "port": self.options.port,
                "supervisor": os.getpid(),
                "pids": {child.name: child.pid for child in self.children},
                "database_url": self.environment["DATABASE_URL"],
                "redis_url": self.environment["REDIS_URL"],
                "data_dir": str(self.folder),
                "logs": str(self.folder / "logs"),
            }
            scratch = self.options.ready_file.with_name(self.options.ready_file.name + ".new")
            with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                json.dump(details, out)
            scratch.replace(self.options.ready_file)
        url = self.options.base_url
        self.say(f"\nThe CME Portal is ready after {time.monotonic() - self.started:.0f} s:\n\n    {url}/demo/\n")
        self.say("Sign in there with one click, or at the front page by address and e-mailed code")
        self.say(f"(every e-mail of the demo can be read at {url}/demo/mail/):\n")
        for name, does in ROLES:
            self.say(f"    {name + '@' + DOMAIN:<32} {does}")
        self.say("\nTry first:")
        self.say(f"    1. As physician@{DOMAIN}, check in to the session that runs now, answer the evaluation,")
        self.say("       claim credit and open the certificate.")
        self.say(f"    2. As planner@{DOMAIN}, record a practice gap and start an application from it.")
        self.say(f"    3. As staff@{DOMAIN}, take the next application in the queue and read its compliance page.")
        if missing := missing_pdf_libraries():
            self.say(f"\n{pdf_sentence(missing)}")
        self.say(
            f"\nLogs are in {self.folder / 'logs'}. Ctrl-C stops everything; the data stays until `make demo-reset`."
        )

    # -- after

    def _stop_children(self) -> None:
        self.say("\nStopping …")
        if self.options.ready_file:
            self.options.ready_file.unlink(missing_ok=True)
        stop_groups([child.pid for child in self.children if child.pid], 10, hurry=lambda: self.impatient)
        for child in self.children:
            child.alive()  # tells Popen that its process is gone
        self.processes.unlink(missing_ok=True)
        self.say("Stopped.")


# --------------------------------------------------------------------- PDF libraries


def missing_pdf_libraries() -> list[str]:
    """Debian names of the libraries WeasyPrint loads at run time and does not find."""
    if sys.platform != "linux":
        return []
    missing = []
    for library, package in PDF_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def pdf_sentence(missing: Sequence[str]) -> str:
    return (
        "Everything works but PDFs (certificates, transcripts): system libraries are missing. To have them, stop the\n"
        f"demo, type this and start it again:\n\n    sudo apt-get install --no-install-recommends {' '.join(missing)}\n"
    )


def only_pdf_fails(body: str) -> bool:
    """Whether /readyz complains about nothing but the PDF engine, without which the demo goes on."""
    try:
        failing = {name for name, said in json.loads(body)["parts"].items() if said != "ok"}
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return failing - {"signing"} == {"pdf"} and bool(missing_pdf_libraries())


# --------------------------------------------------------------- in the set-up child


def prepare() -> None:
    """Bring database, static files and the demo school up to date; one line on stdout per step."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=1, stdout=sys.stderr)
    print("database up to date", flush=True)
    make_signing_key()
    print(collect_static(), flush=True)
    call_command("demo_seed", stdout=sys.stderr)
    if offset := int(os.environ.get("DEMO_CLOCK_OFFSET") or 0):
        from common import clock

        clock.move(dt.timedelta(seconds=offset))
    print("reference data and demo school", flush=True)
    ask_for_heartbeat()


def make_signing_key() -> None:
    """A key of this data folder's own, so that the demo's certificates are signed; made once, never committed."""
    from django.conf import settings

    from common import signing

    path = Path(settings.SIGNING_KEY_FILE)
    if not path.exists():
        signing.make_demo_key(path, organisation="Lakeshore University School of Medicine")


def ask_for_heartbeat() -> None:
    """Forget the last run's heartbeat and queue one: ready then means that this run's worker answers."""
    from cme_portal.celery import app
    from common.models import Heartbeat

    Heartbeat.objects.all().delete()
    app.send_task("common.jobs.heartbeat", ignore_result=True)


def collect_static() -> str:
    """Named by their hashes as in production, but not compressed: that takes 10-30 s and helps nobody on loopback."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=lambda pair: str(pair[0])):
            stat = Path(storage.path(path)).stat()
            digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    folder = Path(settings.STATIC_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / "static.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the demo and a test run may come together
        stamp = folder.parent / "static.stamp"
        if (folder / "staticfiles.json").exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
            return "static files (unchanged)"
        # Both storages write the same staticfiles.json, which is all that the web server reads.
        storages: dict[str, Any] = settings.STORAGES
        storages["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
        call_command("collectstatic", interactive=False, verbosity=0, stdout=sys.stderr)
        stamp.write_text(digest.hexdigest())
    return "static files"


# ----------------------------------------------------------------------- command line


def parse(arguments: Sequence[str] | None = None) -> tuple[Options, bool]:
    parser = argparse.ArgumentParser(prog="python -m cme_portal.demo", description="Run the CME Portal demo.")
    parser.add_argument("--port", type=int, help="default PORT or 8000; 0 takes a free one")
    parser.add_argument("--host", default=os.environ.get("HOST_ADDRESS") or "127.0.0.1")
    parser.add_argument("--base-url", default="", help="how browsers reach it, if not by host and port")
    parser.add_argument("--data-dir", type=Path, default=ROOT / ".demo")
    parser.add_argument("--ready-file", type=Path, help="written with addresses and process numbers once healthy")
    parser.add_argument("--clock-offset", type=int, default=0, help="seconds the portal's clock is ahead")
    parser.add_argument("--throwaway", action="store_true", help="fast, not crash-safe: for tests")
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("--web-workers", type=int, default=2)
    parser.add_argument("--reset", action="store_true", help="delete the demo's data and stop")
    given = parser.parse_args(arguments)
    port = given.port
    if port is None:
        wanted = os.environ.get("PORT") or "8000"
        if not wanted.isdecimal():
            raise DemoError(f"PORT={wanted} is not a port; choose one from 1024 to 65535: PORT=8123 make demo")
        port = int(wanted)
    port = port or free_port()
    host = "localhost" if given.host in {"127.0.0.1", "0.0.0.0", "::"} else given.host  # noqa: S104
    options = Options(
        port=port,
        host=given.host,
        data_dir=given.data_dir.absolute(),
        base_url=given.base_url.rstrip("/") or f"http://{f'[{host}]' if ':' in host else host}:{port}",
        ready_file=given.ready_file.absolute() if given.ready_file else None,
        clock_offset=given.clock_offset,
        throwaway=given.throwaway,
        quiet=given.quiet,
        web_workers=given.web_workers,
    )
    return options, given.reset


def reset(folder: Path) -> int:
    """Delete the data, never under a running demo."""
    if not folder.exists():
        print("There is no demo data.")
        return 0
    supervisor = Supervisor(Options(0, "127.0.0.1", folder, "resetting", None, 0, False, True, 0))
    with supervisor._only_copy():
        supervisor._stop_leftovers()
        Services(folder).remove()
    print("The demo's data is deleted; `make demo` starts over.")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        options, wants_reset = parse(arguments)
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    supervisor = Supervisor(options)

    def stop(number: int, frame: FrameType | None) -> None:
        if supervisor.stopping:
            supervisor.impatient = True  # stop once more: less patience, never a half-done stop
            return
        supervisor.stopping = True
        raise Stop

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        return reset(options.data_dir) if wants_reset else supervisor.run()
    except Stop:
        return 0
    except (ServiceError, DemoError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            print("The disk is full; free some space and try again.", file=sys.stderr)
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            print(
                f"{error.filename or options.data_dir} may not be written by this account; "
                "was it made by another one, root for example?",
                file=sys.stderr,
            )
        else:
            raise
    return 1


if __name__ == "__main__":
    sys.exit(main())
