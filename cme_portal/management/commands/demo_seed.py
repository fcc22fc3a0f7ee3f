"""manage.py demo_seed: the demo school, once; then a session running now at every start."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.domain import duplicates
from accounts.models import Provider
from cme_portal.school import build, today
from common import rulesets


class Command(BaseCommand):
    help = "Load the demo school if the database is empty, then top up what runs today (idempotent)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.PORTAL_DEMO:
            raise CommandError("demo_seed runs only with PORTAL_DEMO=1: it invents people.")
        rulesets.forget()
        if Provider.objects.exists():
            self.stdout.write("The school is there already.")
        else:
            began = time.monotonic()
            school = build.build(build.Size())
            duplicates.look()
            self.stdout.write(
                f"{len(school.people)} people, {len(school.activities)} activities in {time.monotonic() - began:.0f} s."
            )
        running = today.top_up()
        if running is not None:
            self.stdout.write(f"Running now: {running.title}, code {running.check_in_code}.")
