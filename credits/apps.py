"""What may be claimed, what was claimed, what was issued."""

from django.apps import AppConfig


class CreditsConfig(AppConfig):
    name = "credits"
