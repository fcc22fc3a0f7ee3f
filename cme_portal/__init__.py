"""Composition root: settings, URLs, Celery. It imports everything and is imported by nobody."""

from cme_portal.celery import app as celery_app

__all__ = ["celery_app"]
