"""The Celery application. Jobs live in the database (`common.jobs`); Celery only carries the nudge."""

import os

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cme_portal.settings")

app = Celery("cme_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(lambda: ["common"], related_name="jobs")


@worker_process_init.connect
def warm_pdf_engine(**_: object) -> None:
    """Pay WeasyPrint's import and font set-up, and the signing key's, before the first learner waits for a certificate."""
    from common import pdf, signing

    if pdf.status()["ok"]:
        pdf.warm()
    signing.warm()
