"""Everything that looks back or leaves the house, and the office's desk over several apps."""

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "reporting"
