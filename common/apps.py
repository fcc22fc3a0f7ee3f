"""The kernel: knows Django, knows nothing of continuing medical education."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class CommonConfig(AppConfig):
    name = "common"

    def ready(self) -> None:
        from common import reference

        # Decision 15: reference data is loaded, never migrated; a test's flush emits post_migrate again.
        post_migrate.connect(reference.load_after_migrate, dispatch_uid="load_reference")


class OfficeAdminConfig(admin_apps.AdminConfig):
    """Django's admin with our site instead of its own (common/office.py)."""

    default = False  # of "common"
    default_site = "common.office.OfficeSite"
