"""Questionnaires, answers kept apart from identity, commitments to change."""

from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    name = "evaluations"
