"""manage.py load_reference: wording, parameters, credit types from the files of this version."""

from typing import Any

from django.core.management.base import BaseCommand

from common import reference


class Command(BaseCommand):
    help = "Load statements, rule parameters and credit types from cme_portal/reference (idempotent)."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, count in reference.load().items():
            self.stdout.write(f"{name}: {count}")
