"""Check-in, evaluation and claim through the real stack, the driver counted: how many learners, how long each step takes.

    python -m bench.flow [--learners 120] [--rate 4.2]

`--rate` is learners who arrive per second (4.2 is 15,000 claims in an hour); 0 sends the next as soon as one is through,
which finds the highest throughput. The driver runs on the same machine and is part of the figures.
"""

import argparse
import os
import queue
import resource
import subprocess
import sys
import threading
import time
from typing import Any

import requests

from bench import report

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
    """One phone: five pages, three forms, then the certificate."""

    def __init__(self, url: str, cookie: str, plan: dict[str, Any]) -> None:
        from tests.e2e.stack import Browser

        self.browser = Browser.__new__(Browser)
        requests.Session.__init__(self.browser)
        self.browser.base = url
        self.browser.cookies.set("sessionid", cookie)
        self.plan = plan
        self.steps: dict[str, float] = {}

    def _step(self, name: str, act: Any) -> requests.Response:
        began = time.monotonic()
        answer: requests.Response = act()
        self.steps[name] = time.monotonic() - began
        if answer.status_code != 200:
            raise RuntimeError(f"{name}: {answer.status_code}")
        return answer

    def run(self) -> None:
        import re

        number = self.plan["number"]
        self._step(
            "check in (2 requests, 1 redirect)", lambda: self.browser.submit("/check-in/", {"code": self.plan["code"]})
        )
        page = self.browser.get(f"/activities/{number}/evaluation/").text
        answers = dict.fromkeys(re.findall(r'type="radio" name="(q\d+)"', page), "5")
        answers |= dict.fromkeys(re.findall(r'name="(q\d+)"[^>]*value="yes"', page), "yes")
        claim = self._step(
            "evaluate (2 requests, 1 redirect)",
            lambda: self.browser.submit(f"/activities/{number}/evaluation/", answers),
        )
        chosen = dict(re.findall(r'name="(s\d+)"[^>]*?value="([^"]*)"', claim.text))
        if not chosen:
            raise RuntimeError(f"nothing to claim at {claim.url}")
        done = self._step(
            "claim (2 requests, 1 redirect)", lambda: self.browser.submit(f"/activities/{number}/claim/", chosen)
        )
        if "/claims/" not in done.url:
            raise RuntimeError(f"claim ended at {done.url}")


def drive(stack: Any, plan: dict[str, Any], rate: float, threads: int) -> tuple[list[Learner], list[str], float]:
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    done: list[Learner] = []
    errors: list[str] = []

    def work() -> None:
        while (cookie := waiting.get()) is not None:
            learner = Learner(stack.url, cookie, plan)
            try:
                learner.run()
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
        waiting.put(cookie)
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
    given = parser.parse_args()
    from tests.e2e.stack import running, wait_for

    with running() as stack:
        environment = stack_environment(stack)
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
        before = resource.getrusage(resource.RUSAGE_SELF)
        done, errors, seconds = drive(stack, plan, given.rate, given.threads)
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
    driver = (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / seconds
    rows = [
        (name, len(times), f"{report.share(times, 0.5) * 1000:.0f}", f"{report.share(times, 0.95) * 1000:.0f}")
        for name in (done[0].steps if done else ()) for times in [[x.steps[name] for x in done]]
    ]  # fmt: skip
    rows.append(
        (
            "certificate after the claim",
            len(waits),
            f"{report.share(waits, 0.5) * 1000:.0f}",
            f"{report.share(waits, 0.95) * 1000:.0f}",
        )
    )
    print(report.table(("step", "n", "median ms", "p95 ms"), rows))
    per_hour = len(done) / seconds * 3600
    print(
        f"\n{len(done)} learners in {seconds:.0f} s: {per_hour:.0f} claims an hour; {len(errors)} errors; the driver used {driver:.2f} cores."
    )
    for error in sorted(set(errors))[:5]:
        print(f"  {error}")
    p95 = report.share(waits, 0.95) if waits else 999.0
    ok = p95 < CERTIFICATE_SECONDS and not errors and (not given.rate or per_hour > 3600 * given.rate * 0.9)
    steps = [{"step": n, "n": c, "median_ms": float(m), "p95_ms": float(p)} for n, c, m, p in rows]
    result = {
        "ok": ok,
        "rate": given.rate,
        "claims_per_hour": round(per_hour),
        "errors": len(errors),
        "driver_cores": round(driver, 2),
        "steps": steps,
    }
    print(
        f"Goal: certificate within {CERTIFICATE_SECONDS:.0f} s at p95. {report.keep('flow', result).name} keeps the figures."
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
