"""Schools of larger sizes, by the same seeded generator as the demo's.

    python -m common.services run -- python -m bench.seed --size A     # into the demo's own servers, if they are empty

`A` is one year of one large school; `A6` has the rows of six years of it in one year's sessions, for the size of tables.
"""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Iterator

from common.services import Services, temporary_folder


def sizes() -> dict[str, object]:
    """Data sets of the design, section 8."""
    from cme_portal.school.build import Size

    return {
        "small": Size(people=120, courses=40, series=3, enduring=3, sessions_per_series=10, evidence=500, rendered=0),
        "claims": Size(
            people=800, courses=40, series=6, enduring=3, sessions_per_series=20, evidence=8_000, rendered=0
        ),
        "demo": Size(rendered=0),
        "A": Size(
            people=25_000, courses=180, series=100, enduring=20, sessions_per_series=44, evidence=130_000, rendered=0
        ),
        "A6": Size(
            people=25_000, courses=180, series=100, enduring=20, sessions_per_series=44, evidence=780_000, rendered=0
        ),
    }


def seed(size: str) -> float:
    """Build the school in the present database; returns the seconds it took."""
    from cme_portal.school import build, today
    from common import rulesets

    rulesets.forget()
    began = time.monotonic()
    build.build(sizes()[size])  # type: ignore[arg-type]
    today.top_up()
    return time.monotonic() - began


@contextlib.contextmanager
def database(size: str) -> Iterator[float]:
    """A server of our own with a school in it, for benches that run inside this process; yields the seconds of seeding."""
    with temporary_folder() as folder, Services(folder, durable=True, dies_with_us=True) as services:
        os.environ |= {
            **services.environment(), "DJANGO_SETTINGS_MODULE": "cme_portal.settings", "PORTAL_ENV": "demo", "PORTAL_DEMO": "1",
            "SECRET_KEY": "only-for-benches-" + "0" * 40, "PORTAL_BASE_URL": "http://localhost", "ALLOWED_HOSTS": "testserver", "STORAGE_DIR": str(folder / "storage"),
            "STATIC_ROOT": str(folder / "static"),
        }  # fmt: skip
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        seconds = seed(size)
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        yield seconds
        connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="A")
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cme_portal.settings")
    import django

    django.setup()
    from accounts.models import Provider

    if given.size not in sizes():
        print(f"There is no size {given.size}; choose {', '.join(sizes())}.", file=sys.stderr)
        return 1
    if Provider.objects.exists():
        print("This database has a school already; `make demo-reset` empties the demo's.", file=sys.stderr)
        return 1
    print(f"{given.size}: {seed(given.size):.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
