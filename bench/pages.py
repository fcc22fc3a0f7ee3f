"""The main pages against a bare Django view that does as many queries for as many rows and sends as many bytes.

    python -m bench.pages [--size demo|A|A6|small] [--rounds 15]

Both go through the same middleware in the same process, in turns. The bare view reads the same tables by the ORM, as many
rows per query as the page reads, and prints some columns of every row by a template without layout, parts or formatting.
"""

import argparse
import itertools
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench import report, seed

GOAL = 2.0
COLUMNS = 6


@dataclass(frozen=True)
class Subject:
    """One page, as one person."""

    name: str
    who: str  # a named account of the school, or "" for a visitor
    url: str


@dataclass(frozen=True)
class Read:
    """What one query of a page read: which table, how many rows."""

    model: Any
    rows: int


def subjects() -> list[Subject]:
    """The pages that issue after issue is judged by; those that this version lacks are left out and named."""
    from django.urls import NoReverseMatch, reverse

    from accounts.models import User
    from activities.models import Activity
    from credits.domain import overview

    physician = User.objects.get(email="physician@lakeshore.example").person
    due = overview.to_claim(physician)[0].activity
    planned = (
        Activity.objects.filter(roles__person__user__email="planner@lakeshore.example", roles__role="director")
        .order_by("pk")
        .first()
    )
    open_one = Activity.objects.filter(status="published", kind="C").order_by("pk").first()
    assert planned
    assert open_one
    wanted: list[tuple[str, str, str, list[Any]]] = [
        ("catalogue", "", "activities:catalogue", []),
        ("activity", "", "activities:activity_detail", [open_one.number]),
        ("home", "physician", "credits:home", []),
        ("check-in", "physician", "credits:check_in", []),
        ("claim", "physician", "credits:claim", [due.number]),
        ("transcript", "physician", "credits:transcript", []),
        ("my activities", "planner", "activities:my_activities", []),
        ("application section", "planner", "activities:application_section", [planned.number, "objectives"]),
        ("agenda section", "planner", "activities:application_section", [planned.number, "agenda"]),
        ("review queue", "staff", "desk:queue", []),
    ]
    found = []
    for name, who, view, arguments in wanted:
        try:
            found.append(Subject(name, who, reverse(view, args=arguments)))
        except NoReverseMatch:
            print(f"({name}: there is no page {view})")
    return found


def bare(reads: list[Read], size: int) -> Callable[..., Any]:
    """A view with the same reads and as many bytes as the page."""
    from django.http import HttpResponse
    from django.template import engines

    template = engines["django"].from_string(
        "<!doctype html><title>Bare</title>{% for rows in found %}<table>{% for row in rows %}<tr>{% for value in row %}<td>{{ value }}</td>{% endfor %}</tr>"
        "{% endfor %}</table>{% endfor %}{{ filler }}"
    )
    plan = [(r.model, r.rows, [f.attname for f in r.model._meta.concrete_fields][:COLUMNS]) for r in reads]

    def view(request: Any) -> Any:
        found = [
            [[getattr(row, name) for name in names] for row in model.objects.all()[:rows]]
            for model, rows, names in plan
        ]
        body = template.render({"found": found, "filler": ""}, request)
        return HttpResponse(body + "." * max(0, size - len(body)))

    return view


def reads_of(queries: list[dict[str, str]]) -> list[Read]:
    """Per query of a page its main table and its number of rows, which is what a bare view has to read too."""
    from django.apps import apps
    from django.db import connection

    tables = {m._meta.db_table: m for m in apps.get_models()}
    found = []
    for query in queries:
        named = re.search(r'FROM "?(\w+)"?', query["sql"])
        model = tables.get(named[1]) if named else None
        if model is None or not query["sql"].startswith("SELECT"):
            model, rows = tables["accounts_provider"], 1
        else:
            with connection.cursor() as cursor:
                cursor.execute(query["sql"])
                rows = len(cursor.fetchall())
        found.append(Read(model, max(rows, 1)))
    return found


def measure(subject: Subject, rounds: int) -> dict[str, Any]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import path

    from accounts.models import User
    from cme_portal import urls

    client = Client()
    if subject.who:
        client.force_login(
            User.objects.get(email=f"{subject.who}@lakeshore.example"), backend="accounts.backends.RulesBackend"
        )
    for _ in range(2):  # templates, caches per process
        first = client.get(subject.url)
    assert first.status_code == 200, f"{subject.url} answers {first.status_code}"
    with CaptureQueriesContext(connection) as captured:
        client.get(subject.url)
    queries = len(captured)  # before the next request clears the log
    # The session and the user are read by the middleware, for the bare view too.
    own = [q for q in captured.captured_queries if not re.search(r'FROM "(django_session|accounts_user)"', q["sql"])]
    reads = reads_of(own)
    size = len(first.content)
    address = f"bare-{next(_numbers)}/"
    view = bare(reads, size)

    def as_somebody(request: Any) -> Any:
        assert subject.who == "" or request.user.is_authenticated
        return view(request)

    urls.urlpatterns.insert(0, path(address, as_somebody))
    from django.urls import clear_url_caches

    clear_url_caches()
    with CaptureQueriesContext(connection) as twin:
        assert client.get(f"/{address}").status_code == 200
        plain_queries = len(twin)
    times: dict[str, list[float]] = {subject.url: [], f"/{address}": []}
    for _ in range(rounds):
        for url, spent in times.items():
            began = time.perf_counter()
            client.get(url)
            spent.append(time.perf_counter() - began)
    page, plain = (statistics.median(t) * 1000 for t in times.values())
    return {
        "page": subject.name, "url": subject.url, "queries": queries, "bare_queries": plain_queries, "rows": sum(r.rows for r in reads), "kb": round(size / 1024, 1),
        "ms": round(page, 1), "bare_ms": round(plain, 1), "ratio": round(page / plain, 2), "sql_ms": round(sum(float(q["time"]) for q in own) * 1000, 1),
    }  # fmt: skip


_numbers = itertools.count(1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="demo")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="part of a page's name")
    parser.add_argument("--profile", action="store_true", help="where the time of each page goes")
    given = parser.parse_args()
    with seed.database(given.size) as seconds:
        print(f"Data set {given.size}: {seconds:.0f} s to make")
        chosen = [s for s in subjects() if given.only in s.name]
        if given.profile:
            return profile(chosen)
        rows = [measure(s, given.rounds) for s in chosen]
    head = ("page", "queries", "rows", "KB", "ms", "bare ms", "× bare", "SQL ms")
    print(
        report.table(
            head,
            [
                (r["page"], r["queries"], r["rows"], r["kb"], r["ms"], r["bare_ms"], r["ratio"], r["sql_ms"])
                for r in rows
            ],
        )
    )
    over = [r["page"] for r in rows if r["ratio"] > GOAL]
    kept = report.keep(
        f"pages-{given.size}",
        {"goal": GOAL, "ok": not over, "over": over, "seed_seconds": round(seconds), "pages": rows},
    )
    print(f"\nGoal: at most {GOAL} × bare. Over it: {', '.join(over) or 'none'}. {kept.name} keeps the figures.")
    return 1 if over else 0


def profile(chosen: list[Subject]) -> int:
    import cProfile
    import pstats

    from django.test import Client

    from accounts.models import User

    for subject in chosen:
        client = Client()
        if subject.who:
            client.force_login(
                User.objects.get(email=f"{subject.who}@lakeshore.example"), backend="accounts.backends.RulesBackend"
            )
        client.get(subject.url)
        profiler = cProfile.Profile()
        profiler.enable()
        for _ in range(5):
            client.get(subject.url)
        profiler.disable()
        print(f"\n== {subject.name}")
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)
    return 0


if __name__ == "__main__":
    sys.exit(main())
