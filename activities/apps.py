"""From a gap in practice to attendance."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ActivitiesConfig(AppConfig):
    name = "activities"
    verbose_name = "Activities"

    def ready(self) -> None:
        # Jobs are found in every app's `tasks`; ours around registrations live in a module of their own.
        autodiscover_modules("jobs_learner")
