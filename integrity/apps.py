"""Disclosures, relevance, mitigation and ineligible companies."""

from django.apps import AppConfig


class IntegrityConfig(AppConfig):
    name = "integrity"
