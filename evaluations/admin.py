"""Published questions. Answers are not here: they are read as summaries, never sheet by sheet (law 10)."""

from django.contrib import admin

from common.admin import PortalInline, PortalModelAdmin
from evaluations.models import Question, Questionnaire


class QuestionInline(PortalInline):
    model = Question
    fields = readonly_fields = ("position", "kind", "text", "required", "rule")


@admin.register(Questionnaire)
class QuestionnaireAdmin(PortalModelAdmin):
    list_display = ("activity", "version", "scope", "published_at")
    list_select_related = ("activity",)
    search_fields = ("activity__number", "activity__title")
    ordering = ("-published_at",)
    inlines = (QuestionInline,)
