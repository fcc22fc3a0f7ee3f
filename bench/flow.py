"""Check-in, evaluation and claim through the real stack, the driver counted: how many learners, how long each request takes.

    python -m bench.flow [--learners 120] [--rate 4.2]
    python -m bench.flow --check-ins --grown --learners 900 --rate 10

`--rate` is learners who arrive per second (4.2 is 15,000 claims in an hour); 0 sends the next as soon as one is through,
which finds the highest throughput. The driver runs on the same machine and is part of the figures.
"""

import argparse
import contextlib
import os
import queue
import re
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psycopg2
import requests

from bench import grow, report

CERTIFICATE_SECONDS = 3.0
PAGE_SECONDS = 0.2
# Runs with the stack's own settings: accounts and sessions for learners, and an hour that ended just now.
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
count = int(sys.argv[1])
now = clock.now()
activity = Activity.objects.filter(kind="RSS", status="published", capacity=None).order_by("pk").first()
session = Session.objects.create(activity=activity, status="ready", title="A session for the bench", starts_at=now - dt.timedelta(minutes=61),
    ends_at=now - dt.timedelta(minutes=1), method="lecture", check_in_code=codes.make(6), code_released_at=now)
people = Person.objects.filter(user=None, completions=None).prefetch_related("addresses").order_by("pk")[:count]
cookies = []
for person in people:
    user = User.objects.create_user(person.addresses.all()[0].value, person, date_joined=now)
    store = SessionStore()
    store["_auth_user_id"], store["_auth_user_backend"], store["_auth_user_hash"] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0], user.get_session_auth_hash()
    store.create()
    cookies.append(store.session_key)
print(json.dumps({"code": session.check_in_code, "number": activity.number, "session": session.pk, "cookies": cookies}))
"""


class Learner:
    """One phone: opens pages, sends forms, follows where they lead. `times` has the seconds of every request."""

    def __init__(self, url: str, cookie: str, plan: dict[str, Any], *, by_qr: bool) -> None:
        self.http = requests.Session()
        self.url, self.plan, self.by_qr = url, plan, by_qr
        self.http.cookies.set("sessionid", cookie)
        self.times: list[tuple[str, float]] = []

    def _done(self, page: str, answer: requests.Response) -> requests.Response:
        """Note the request and, apart from it, the page that it led to."""
        for one in answer.history:
            self.times.append((f"send {page}", one.elapsed.total_seconds()))
        opened = "next page" if answer.history else f"open {page}"
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
            self.send("check-in", self.open("check-in", f"/in/{self.plan['code']}/"), {})
        else:
            self.send("check-in", self.open("check-in", "/check-in/"), {"code": self.plan["code"]})

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


def drive(
    stack: Any, plan: dict[str, Any], rate: float, threads: int, *, only_check_in: bool
) -> tuple[list[Learner], list[str], float]:
    """Every second learner scans the poster, the others type the code."""
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    done: list[Learner] = []
    errors: list[str] = []

    def work() -> None:
        while (given := waiting.get()) is not None:
            number, cookie = given
            learner = Learner(stack.direct, cookie, plan, by_qr=number % 2 == 0)
            try:
                learner.check_in() if only_check_in else learner.run()
                done.append(learner)
            except Exception as error:  # noqa: BLE001 - a failed learner is a figure of the report
                errors.append(str(error))

    pool = [threading.Thread(target=work) for _ in range(threads)]
    began = time.monotonic()
    for thread in pool:
        thread.start()
    for i, cookie in enumerate(plan["cookies"]):
        if rate:
            time.sleep(max(0.0, began + i / rate - time.monotonic()))
        waiting.put((i, cookie))
    for _ in pool:
        waiting.put(None)
    for thread in pool:
        thread.join()
    return done, errors, time.monotonic() - began


def main() -> int:
    import json

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=120)
    parser.add_argument("--rate", type=float, default=4.2)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--grown", action="store_true", help="with the rows of data set B around them")
    parser.add_argument("--check-ins", action="store_true", help="only check in; 10 a second are 6,000 in ten minutes")
    given = parser.parse_args()
    from tests.e2e.stack import running, wait_for

    with running() as stack:
        environment = stack_environment(stack)
        if given.grown:
            began = time.monotonic()
            with contextlib.closing(psycopg2.connect(stack.details["database_url"])) as connection, connection:
                grow.grow(connection.cursor())
            with contextlib.closing(psycopg2.connect(stack.details["database_url"])) as connection:
                # As on a server that has been up for a while, not in the middle of an import.
                connection.autocommit = True
                connection.cursor().execute("VACUUM (ANALYZE)")
                connection.cursor().execute("CHECKPOINT")
            print(f"The tables of a national society in {time.monotonic() - began:.0f} s.", flush=True)
        said = subprocess.run(
            [sys.executable, "-c", PREPARE, str(given.learners)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode:
            print(said.stderr[-3000:], file=sys.stderr)
            return 1
        plan = json.loads(said.stdout.strip().splitlines()[-1])
        # The seed's own certificates first: they are not what is measured.
        wait_for(
            "the seed's certificates",
            lambda: stack.sql("SELECT count(*) FROM common_job WHERE state <> 'done' AND due_at <= now()")[0][0] == 0,
            300,
            every=1,
        )
        before, used = resource.getrusage(resource.RUSAGE_SELF), spent(stack)
        done, errors, seconds = drive(stack, plan, given.rate, given.threads, only_check_in=given.check_ins)
        after = resource.getrusage(resource.RUSAGE_SELF)
        query = """SELECT extract(epoch FROM t.issued_at - c.claimed_at)::float FROM credits_claim c JOIN credits_claimline l ON l.claim_id = c.id
                   JOIN credits_certificate t ON t.claim_id = c.id WHERE l.session_id = %s"""
        wait_for(
            "every certificate",
            lambda: all(v is not None for (v,) in stack.sql(query, plan["session"])),
            300,
            every=0.5,
        )
        waits = [row[0] for row in stack.sql(query, plan["session"])]
        parts = {part: round(s - used.get(part, 0.0), 2) for part, s in spent(stack).items()}
    driver = (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / seconds
    by_request: dict[str, list[float]] = {}
    for name, seconds_taken in (pair for learner in done for pair in learner.times):
        by_request.setdefault(name, []).append(seconds_taken)
    everything = [x for times in by_request.values() for x in times]
    measured = {**by_request, "any request": everything, "certificate after the claim": waits}
    rows = [
        (name, len(times), f"{report.share(times, 0.5) * 1000:.0f}", f"{report.share(times, 0.95) * 1000:.0f}")
        for name, times in measured.items() if times
    ]  # fmt: skip
    print(report.table(("request", "n", "median ms", "p95 ms"), rows))
    per_hour = len(done) / seconds * 3600
    print(
        f"\n{len(done)} learners in {seconds:.0f} s, {per_hour:.0f} an hour; {len(errors)} errors; the driver used {driver:.2f} cores."
    )
    each = ", ".join(
        f"{part} {s / max(1, len(done)) * 1000:.0f}" for part, s in sorted(parts.items(), key=lambda x: -x[1])
    )
    print(f"Milliseconds of processor a learner: {each}.")
    for error in sorted(set(errors))[:5]:
        print(f"  {error}")
    p95 = report.share(waits, 0.95) if waits else 0.0 if given.check_ins else 999.0
    page = report.share(everything, 0.95) if everything else 999.0
    ok = (
        p95 < CERTIFICATE_SECONDS
        and page < PAGE_SECONDS
        and not errors
        and (not given.rate or per_hour > 3600 * given.rate * 0.9)
    )
    steps = [{"request": n, "n": c, "median_ms": float(m), "p95_ms": float(p)} for n, c, m, p in rows]
    name = ("check-ins" if given.check_ins else "flow") + ("-grown" if given.grown else "")
    result = {
        "ok": ok,
        "rate": given.rate,
        "grown": given.grown,
        "learners_per_hour": round(per_hour),
        "errors": len(errors),
        "driver_cores": round(driver, 2),
        "processor_seconds": parts,
        "requests": steps,
    }
    print(
        f"Goals at p95: {PAGE_SECONDS * 1000:.0f} ms a request, a certificate within {CERTIFICATE_SECONDS:.0f} s. "
        f"{report.keep(name, result).name} keeps the figures."
    )
    return 0 if ok else 1


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
