"""A transcript of 600 lines: the page and the PDF in less than 1.5 s each; 10 to 2,000 lines with the same queries.

    python -m bench.transcript [--lines 10 600 2000] [--rounds 5]

Page times are medians of a warm process, on a PostgreSQL of its own; the PDF is rendered twice, without its storing, and the
second counts. What a process asks every few seconds (whether rules changed) is not counted.
"""

import argparse
import datetime as dt
import statistics
import sys
import time
from decimal import Decimal
from typing import Any

from bench import report, seed

SECONDS = 1.5
AT = 600
NOW_AND_THEN = ("common_referenceversion", "common_clockoffset")  # what a process asks every few seconds
PAGES = ("/", "/transcript/", "/transcript/requirements/")


def person_with(lines: int) -> Any:
    """A physician with so many lines over ten years, a tenth of them with topics, and a profile that is watched."""
    from accounts.models import Department, Person, User
    from activities.models import Activity, Session
    from common import clock
    from credits.models import Claim, ClaimLine, ClaimTotal, CreditType, Designation, PersonRequirement, SessionTopic

    at = clock.now()
    person = Person.objects.create(given_name="Bench", family_name=f"Lines {lines}", degrees="MD", is_physician=True, created_at=at)  # fmt: skip
    user = User.objects.create_user(f"bench{lines}@bench.example", person, date_joined=at)
    department, kind = Department.objects.order_by("pk").first(), CreditType.objects.get(pk="ama_pra_1")
    days = [(at - dt.timedelta(days=3600 * n // lines)) for n in range(lines)]
    activities = Activity.objects.bulk_create(
        [
            Activity(number=f"B{lines}-{n}"[:12], status="draft", kind="C", title=f"Update number {n} on what follows", department=department, created_at=at, created_by=person, changed_at=at)
            for n in range(lines)
        ],
        batch_size=1_000,
    )  # fmt: skip
    sessions = Session.objects.bulk_create([Session(activity=a, title="Talk", starts_at=d, ends_at=d + dt.timedelta(hours=1)) for a, d in zip(activities, days, strict=True)])  # fmt: skip
    one = Decimal("1.00")
    designations = Designation.objects.bulk_create([Designation(activity=a, credit_type=kind, scope="activity", maximum=one, minutes=60, statement=".", accreditation_statement=".", rule_set="b", designated_at=at, designated_by=person) for a in activities])  # fmt: skip
    claims = Claim.objects.bulk_create([Claim(person=person, activity=a, claimed_at=at, participated_on=d.date(), rule_set="b", attestation=".", is_physician=True) for a, d in zip(activities, days, strict=True)])  # fmt: skip
    ClaimTotal.objects.bulk_create([ClaimTotal(claim=c, credit_type=kind, designation=d, minutes=60, credits=one, designated=one) for c, d in zip(claims, designations, strict=True)])  # fmt: skip
    ClaimLine.objects.bulk_create([ClaimLine(claim=c, person=person, activity_id=c.activity_id, session=s, credit_type=kind, family=kind.kin, minutes=60, facts={}) for c, s in zip(claims, sessions, strict=True)])  # fmt: skip
    SessionTopic.objects.bulk_create([SessionTopic(activity=a, session=s, topic_id="pain", minutes=30, added_at=at, added_by="bench") for a, s in list(zip(activities, sessions, strict=True))[::10]])  # fmt: skip
    PersonRequirement.objects.create(person=person, profile_code="ct_md", renews_on=at.date() + dt.timedelta(days=90), added_at=at, changed_at=at)  # fmt: skip
    return user


def measure(lines: int, rounds: int) -> dict[str, Any]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from common import clock, pdf
    from credits.documents import transcript as document
    from credits.domain import transcripts

    user = person_with(lines)
    client = Client()
    client.force_login(user, backend="accounts.backends.RulesBackend")
    found: dict[str, Any] = {"lines": lines, "pages": {}}
    for url in PAGES:
        spent = []
        client.get(url)
        for _ in range(rounds):
            began = time.perf_counter()
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(url)
            spent.append(time.perf_counter() - began)
        assert answer.status_code == 200
        found["pages"][url] = {"ms": round(statistics.median(spent) * 1000), "queries": sum(not any(asked in q["sql"] for asked in NOW_AND_THEN) for q in captured), "kb": round(len(answer.content) / 1024)}  # fmt: skip
    if lines <= AT:
        frozen = document.coded(document.content(user.person, transcripts.load(user.person), clock.now().date()), "LS-26-BENC-BENC-BENC")  # fmt: skip
        pdf.render("pdf/transcript.html", frozen, title="Warm", lang="en", identifier="warm", created=clock.now())
        began = time.perf_counter()
        content = pdf.render("pdf/transcript.html", frozen, title="Bench", lang="en", identifier="bench", created=clock.now())  # fmt: skip
        found["pdf_ms"], found["pdf_kb"] = round((time.perf_counter() - began) * 1000), round(len(content) / 1024)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[10, AT, 2000])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with seed.database("small"):
        rows = [measure(lines, given.rounds) for lines in given.lines]
    table = [[r["lines"], *(f"{p['ms']} ms, {p['queries']} q" for p in r["pages"].values()), r.get("pdf_ms", "")] for r in rows]  # fmt: skip
    print(report.table(("lines", "first page", "transcript", "requirements", "PDF ms"), table))
    timed = [v for r in rows if r["lines"] == AT for v in (r["pages"]["/transcript/"]["ms"], r["pdf_ms"])]
    constant = all(len({r["pages"][url]["queries"] for r in rows}) == 1 for url in PAGES)
    ok = constant and all(ms < SECONDS * 1000 for ms in timed)
    kept = report.keep("transcript", {"goal_seconds": SECONDS, "ok": ok, "constant_queries": constant, "rows": rows})
    print(f"\nGoal: page and PDF of {AT} lines in {SECONDS} s each, constant queries: {'met' if ok else 'not met'}. {kept.name} keeps the figures.")  # fmt: skip
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
