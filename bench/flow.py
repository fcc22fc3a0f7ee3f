"""Check-in, evaluation and claim through the real stack, the driver counted: how many learners, how long each request takes.

    python -m bench.flow [--learners 120] [--rate 4.2]
    python -m bench.flow --check-ins --grown --years 6 --learners 900 --rate 10
    python -m bench.flow --peak --years 6 --minutes 10

`--rate` is learners who arrive per second (4.2 is 15,000 claims in an hour); 0 sends the next as soon as one is through,
which finds the highest throughput. `--peak` is what is promised, at once: 10 check-ins a second (6,000 in ten minutes) and
beside them 4.2 learners a second who go all the way to the certificate. The driver runs on the same two cores as the stack
and is part of the figures; the database waits for its disk.
"""

import argparse
import contextlib
import json
import operator
import os
import queue
import re
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import requests

from bench import grow, report

CERTIFICATE_SECONDS = 3.0
PAGE_SECONDS = 0.2
CORES = 2  # what the goals are promised for
KEEPS_UP = 0.95
CHECK_INS, CLAIMS = 10.0, 4.2  # a second, in the peak
# Runs with the stack's own settings: accounts and signed-in browsers for the learners of each load, and an hour for each
# that ended just now, last of all: check-in closes a quarter of an hour after it.
PREPARE = """
import datetime as dt, json, sys
import django
django.setup()
from django.contrib.sessions.backends.db import SessionStore
from django.conf import settings
from django.db import transaction
from accounts.models import Person, User
from activities.models import Activity, Session
from common import clock, codes
newest, counts = sys.argv[1] == "newest", [int(n) for n in sys.argv[2:]]
now = clock.now()
people = iter(Person.objects.filter(user=None, completions=None).prefetch_related("addresses").order_by("-pk" if newest else "pk")[:sum(counts)])
cookies = []
with transaction.atomic(durable=True):
    for count in counts:
        cookies.append([])
        for _, person in zip(range(count), people):
            user = User.objects.create_user(person.addresses.all()[0].value, person, date_joined=now)
            store = SessionStore()
            store["_auth_user_id"], store["_auth_user_backend"], store["_auth_user_hash"] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0], user.get_session_auth_hash()
            store.create()
            cookies[-1].append(store.session_key)
if [len(c) for c in cookies] != counts:
    sys.exit(f"There are people for {sum(map(len, cookies))} learners only.")
now = clock.now()
activities = Activity.objects.filter(kind="RSS", status="published", capacity=None).order_by("pk")[:len(counts)]
for activity, hers in zip(activities, cookies, strict=True):
    session = Session.objects.create(activity=activity, status="ready", title="A session for the bench", starts_at=now - dt.timedelta(minutes=61),
        ends_at=now - dt.timedelta(minutes=1), method="lecture", check_in_code=codes.make(6), code_released_at=now)
    print(json.dumps({"code": session.check_in_code, "number": activity.number, "session": session.pk, "cookies": hers}))
"""


class Learner:
    """One phone: opens pages, sends forms, follows where they lead. `times` has the seconds of every request."""

    def __init__(self, url: str, cookie: str, plan: dict[str, Any], *, by_qr: bool) -> None:
        self.http = requests.Session()
        self.url, self.plan, self.by_qr = url, plan, by_qr
        self.http.cookies.set("sessionid", cookie)
        self.times: list[tuple[str, float]] = []

    def _done(self, page: str, answer: requests.Response) -> requests.Response:
        """Note the request and, apart from it, the page that it led to. Each is a kind of its own: the quick hide no slow one."""
        for one in answer.history:
            self.times.append((f"send {page}", one.elapsed.total_seconds()))
        opened = f"page after {page}" if answer.history else f"open {page}"
        self.times.append((opened, answer.elapsed.total_seconds()))
        if answer.status_code != 200:
            raise RuntimeError(f"{page}: {answer.status_code}")
        return answer

    def open(self, page: str, path: str) -> requests.Response:
        return self._done(page, self.http.get(self.url + path, timeout=30))

    def send(self, page: str, form: requests.Response, fields: dict[str, str]) -> requests.Response:
        """The form of the page that is open, with what is hidden in it."""
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form.text))
        hidden.setdefault("csrfmiddlewaretoken", self.http.cookies.get("csrftoken", ""))
        answer = self.http.post(form.url, data=hidden | fields, headers={"Referer": form.url}, timeout=30)
        if not answer.history:
            raise RuntimeError(f"{page} was not accepted")
        return self._done(page, answer)

    def check_in(self) -> None:
        if self.by_qr:
            self.send("poster", self.open("poster", f"/in/{self.plan['code']}/"), {})
        else:
            self.send("code", self.open("code", "/check-in/"), {"code": self.plan["code"]})

    def run(self) -> None:
        """Eight requests: check in, answer, claim; then the worker makes the certificate."""
        self.check_in()
        sheet = self.open("evaluation", f"/activities/{self.plan['number']}/evaluation/")
        answers = dict.fromkeys(re.findall(r'type="radio" name="(q\d+)"', sheet.text), "5")
        answers |= dict.fromkeys(re.findall(r'name="(q\d+)"[^>]*value="yes"', sheet.text), "yes")
        claim = self.send("evaluation", sheet, answers)
        chosen = dict(re.findall(r'name="(s\d+)"[^>]*?value="([^"]*)"', claim.text))
        if not chosen:
            raise RuntimeError(f"nothing to claim at {claim.url}")
        done = self.send("claim", claim, chosen)
        if "/claims/" not in done.url:
            raise RuntimeError(f"claim ended at {done.url}")


def spent(stack: Any) -> dict[str, float]:
    """Seconds of processor by part of the stack since it started; what a process of the past used is with its parent."""
    ticks = os.sysconf("SC_CLK_TCK")
    found: dict[int, tuple[int, str, float]] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            head, _space, rest = (folder / "stat").read_text().rpartition(")")
        except OSError:
            continue
        values = rest.split()
        found[int(folder.name)] = (int(values[1]), head.partition("(")[2], sum(map(int, values[11:15])) / ticks)
    leaders = {stack.pid(name): name for name in ("web", "worker", "beat")}
    root = stack.process.pid
    totals: dict[str, float] = {}
    for pid, (_parent, name, seconds) in found.items():
        line = [pid]
        while line[-1] in found and line[-1] != root:
            line.append(found[line[-1]][0])
        if line[-1] != root:
            continue
        part = next((leaders[x] for x in line if x in leaders), "")
        part = part or ("database" if name.startswith("postgres") else "broker" if "server" in name else "supervisor")
        totals[part] = totals.get(part, 0.0) + seconds
    return totals


@dataclass
class Load:
    """Learners of one kind, who come at a rate of their own, and what became of them."""

    name: str
    rate: float
    learners: int
    only_check_in: bool
    plan: dict[str, Any] = field(default_factory=dict)
    done: list[Learner] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    late: list[float] = field(default_factory=list)  # seconds after their time at which the driver got to them
    seconds: float = 0.0

    @property
    def per_hour(self) -> float:
        return len(self.done) / self.seconds * 3600 if self.seconds else 0.0


def drive(stack: Any, loads: Sequence[Load], threads: int) -> float:
    """All loads side by side; every second learner scans the poster, the others type the code. The seconds it took."""
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    arrivals = sorted(
        ((n / load.rate if load.rate else 0.0, load, n) for load in loads for n in range(load.learners)),
        key=operator.itemgetter(0),
    )

    def work() -> None:
        while (given := waiting.get()) is not None:
            due, load, number = given
            learner = Learner(stack.direct, load.plan["cookies"][number], load.plan, by_qr=number % 2 == 0)
            if load.rate:
                load.late.append(time.monotonic() - began - due)
            try:
                learner.check_in() if load.only_check_in else learner.run()
                load.done.append(learner)
            except Exception as error:  # noqa: BLE001 - a failed learner is a figure of the report
                load.errors.append(str(error))
            load.seconds = max(load.seconds, time.monotonic() - began)

    pool = [threading.Thread(target=work) for _ in range(threads)]
    began = time.monotonic()
    for thread in pool:
        thread.start()
    for arrival in arrivals:
        time.sleep(max(0.0, began + arrival[0] - time.monotonic()))
        waiting.put(arrival)
    for _ in pool:
        waiting.put(None)
    for thread in pool:
        thread.join()
    return time.monotonic() - began


def missed(requests_of: Mapping[str, Sequence[float]], waits: Sequence[float], loads: Sequence[Load]) -> list[str]:
    """The goals that were not met, in words: each kind of request by itself, and the load really on."""
    found = [
        f"{name} took {p95 * 1000:.0f} ms"
        for name, times in requests_of.items()
        if (p95 := report.share(times, 0.95)) >= PAGE_SECONDS
    ]
    if waits and (p95 := report.share(waits, 0.95)) >= CERTIFICATE_SECONDS:
        found.append(f"the certificate took {p95:.1f} s")
    claimed = sum(len(load.done) for load in loads if not load.only_check_in)
    if len(waits) != claimed:
        found.append(f"{claimed} learners claimed and {len(waits)} certificates were made")
    for load in loads:
        if load.errors:
            found.append(f"{load.name}: {len(load.errors)} errors")
        if len(load.done) + len(load.errors) != load.learners:
            found.append(f"{load.name}: {load.learners} learners were to come")
        if load.rate and load.per_hour < 3600 * load.rate * KEEPS_UP:
            found.append(f"{load.name}: {load.per_hour:.0f} an hour")
        # A driver that has no thread free for who is due would wait where a learner's phone does, and not count it.
        if load.late and (p95 := report.share(load.late, 0.95)) >= PAGE_SECONDS:
            found.append(f"{load.name}: the driver came {p95 * 1000:.0f} ms late")
    return found


def surround(stack: Any, years: int) -> None:
    """The tables of data set B."""
    began = time.monotonic()
    with contextlib.closing(psycopg2.connect(stack.details["database_url"])) as connection, connection:
        grow.grow(connection.cursor(), years=years)
    print(f"Years of a national society's tables: {years}, grown in {time.monotonic() - began:.0f} s.", flush=True)


def settle(stack: Any) -> None:
    """The database as one that has been up for a while: not in the middle of an import, and it knows the accounts just made."""
    with contextlib.closing(psycopg2.connect(stack.details["database_url"])) as connection:
        connection.autocommit = True
        connection.cursor().execute("VACUUM (ANALYZE)")
        connection.cursor().execute("CHECKPOINT")


def prepare(stack: Any, loads: Sequence[Load], *, grown: bool) -> None:
    """A session and signed-in learners for each load; around them the grown tables, the learners are the grown ones' people."""
    said = subprocess.run(
        [sys.executable, "-c", PREPARE, "newest" if grown else "oldest", *(str(load.learners) for load in loads)],
        env=stack_environment(stack),
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        sys.exit(said.stderr[-3000:])
    for load, line in zip(loads, said.stdout.strip().splitlines()[-len(loads) :], strict=True):
        load.plan = json.loads(line)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learners", type=int, default=120)
    parser.add_argument("--rate", type=float, default=CLAIMS)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--grown", action="store_true", help="with the rows of data set B around them")
    parser.add_argument("--years", type=int, default=1, help="of rows; data set B has six")
    parser.add_argument("--check-ins", action="store_true", help="only check in; 10 a second are 6,000 in ten minutes")
    parser.add_argument(
        "--peak", action="store_true", help="both loads at once at the promised rates, on the grown tables"
    )
    parser.add_argument("--minutes", type=int, default=2, help="of the peak, at most 12: then check-in closes")
    given = parser.parse_args()
    from tests.e2e.stack import running, wait_for

    grown = given.grown or given.peak
    if given.peak:
        seconds = 60 * given.minutes
        loads = [
            Load("check-ins", CHECK_INS, round(CHECK_INS * seconds), only_check_in=True),
            Load("claims", CLAIMS, round(CLAIMS * seconds), only_check_in=False),
        ]
    else:
        kind = "check-ins" if given.check_ins else "claims"
        loads = [Load(kind, given.rate, given.learners, only_check_in=given.check_ins)]
    # On a larger machine the stack and the driver share two of its cores.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with running(durable=True) as stack:
        if grown:
            surround(stack, given.years)
        # The seed's own certificates first: they are not what is measured.
        wait_for(
            "the seed's certificates",
            lambda: stack.sql("SELECT count(*) FROM common_job WHERE state <> 'done' AND due_at <= now()")[0][0] == 0,
            300,
            every=1,
        )
        prepare(stack, loads, grown=grown)
        settle(stack)
        before, used = resource.getrusage(resource.RUSAGE_SELF), spent(stack)
        took = drive(stack, loads, given.threads)
        after = resource.getrusage(resource.RUSAGE_SELF)
        sessions = [load.plan["session"] for load in loads]
        query = """SELECT extract(epoch FROM t.issued_at - c.claimed_at)::float FROM credits_claim c JOIN credits_claimline l ON l.claim_id = c.id
                   JOIN credits_certificate t ON t.claim_id = c.id WHERE l.session_id = ANY(%s)"""
        wait_for(
            "every certificate",
            lambda: all(v is not None for (v,) in stack.sql(query, sessions)),
            300,
            every=0.5,
        )
        waits = [row[0] for row in stack.sql(query, sessions)]
        parts = {part: round(s - used.get(part, 0.0), 2) for part, s in spent(stack).items()}
    driver = (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / took
    learners = [learner for load in loads for learner in load.done]
    by_request: dict[str, list[float]] = {}
    for name, seconds_taken in (pair for learner in learners for pair in learner.times):
        by_request.setdefault(name, []).append(seconds_taken)
    everything = [x for times in by_request.values() for x in times]
    measured = {**by_request, "any request": everything, "certificate after the claim": waits}
    rows = [
        (name, len(times), f"{report.share(times, 0.5) * 1000:.0f}", f"{report.share(times, 0.95) * 1000:.0f}")
        for name, times in measured.items() if times
    ]  # fmt: skip
    print(report.table(("request", "n", "median ms", "p95 ms"), rows))
    print()
    for load in loads:
        print(
            f"{load.name}: {len(load.done)} in {load.seconds:.0f} s, {load.per_hour:.0f} an hour; {len(load.errors)} errors."
        )
    print(f"The driver used {driver:.2f} cores.")
    each = ", ".join(
        f"{part} {s / max(1, len(learners)) * 1000:.0f}" for part, s in sorted(parts.items(), key=lambda x: -x[1])
    )
    print(f"Milliseconds of processor a learner: {each}.")
    for error in sorted({error for load in loads for error in load.errors})[:5]:
        print(f"  {error}")
    below = missed(by_request, waits, loads)
    steps = [{"request": n, "n": c, "median_ms": float(m), "p95_ms": float(p)} for n, c, m, p in rows]
    name = "peak" if given.peak else ("check-ins" if given.check_ins else "flow") + ("-grown" if grown else "")
    result = {
        "ok": not below,
        "missed": below,
        "years": given.years if grown else 0,
        "loads": [
            {
                "of": load.name,
                "rate": load.rate,
                "learners": len(load.done),
                "per_hour": round(load.per_hour),
                "errors": len(load.errors),
                "late_p95_ms": round(report.share(load.late, 0.95) * 1000) if load.late else 0,
            }
            for load in loads
        ],
        "driver_cores": round(driver, 2),
        "processor_seconds": parts,
        "requests": steps,
    }
    for goal in below:
        print(f"Not met: {goal}.")
    print(
        f"Goals at p95: {PAGE_SECONDS * 1000:.0f} ms for each kind of request, a certificate within {CERTIFICATE_SECONDS:.0f} s. "
        f"{report.keep(name, result).name} keeps the figures."
    )
    return 0 if not below else 1


def stack_environment(stack: Any) -> dict[str, str]:
    """The settings of the running stack, for a program beside it."""
    folder = stack.details["data_dir"]
    with open(f"{folder}/secret-key") as key:
        secret = key.read().strip()
    return {
        **os.environ, "DJANGO_SETTINGS_MODULE": "cme_portal.settings", "PORTAL_ENV": "demo", "PORTAL_DEMO": "1", "SECRET_KEY": secret,
        "DATABASE_URL": stack.details["database_url"], "REDIS_URL": stack.details["redis_url"], "PORTAL_BASE_URL": stack.url, "STORAGE_DIR": f"{folder}/storage",
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
