"""Choices of the evaluations app."""

from django.db import models


class QuestionKind(models.TextChoices):
    OBJECTIVE = "objective", "Objective met, five points (EVAL-1)"
    BIAS = "bias", "Free of commercial bias, yes or no (EVAL-4)"
    COMMITMENT = "commitment", "Changes chosen from a list (EVAL-2)"
    TEXT = "text", "Free text"
    SCALE = "scale", "Five points"


class Scope(models.TextChoices):
    ACTIVITY = "activity", "Once per activity"
    SESSION = "session", "Once per session"
