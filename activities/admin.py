"""Activities and what hangs on them, to be read; the office acts on its desk."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from activities.models import (
    Activity,
    ActivityRole,
    AttendanceEvidence,
    Decision,
    PracticeGap,
    Registration,
    Session,
    Submission,
)
from common.admin import PortalModelAdmin
from common.templatetags.cme import status


@admin.register(Activity)
class ActivityAdmin(PortalModelAdmin):
    list_display = ("number", "title", "state", "kind", "department", "starts_on")
    list_display_links = ("number", "title")
    list_filter = ("status", "kind", "department")
    list_select_related = ("department",)
    search_fields = ("number", "title")
    ordering = ("-number",)
    actions_row = actions_detail = ("review",)

    @admin.display(description=_("Status"), ordering="status")
    def state(self, row: Activity) -> str:
        return _framed(status("activity", row.status))

    @action(description=_("Open on the desk"), url_path="review")
    def review(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Activity.objects.all())
        return redirect(reverse("desk:activity", args=[row.number]))


def _framed(content: str) -> str:
    """Our parts keep their look only inside .cme."""
    from django.utils.html import format_html

    return format_html('<span class="cme">{}</span>', content)


@admin.register(Session)
class SessionAdmin(PortalModelAdmin):
    list_display = ("title", "activity", "starts_at", "ends_at", "status", "room")
    list_filter = ("status", "kind")
    list_select_related = ("activity",)
    search_fields = ("title", "activity__number", "activity__title")
    ordering = ("-starts_at",)


@admin.register(ActivityRole)
class ActivityRoleAdmin(PortalModelAdmin):
    list_display = ("person", "role", "activity", "assumed_at", "removed_at")
    list_filter = ("role",)
    list_select_related = ("person", "activity")
    search_fields = ("person__family_name", "person__given_name", "activity__number")
    ordering = ("-assumed_at",)


@admin.register(PracticeGap)
class PracticeGapAdmin(PortalModelAdmin):
    list_display = ("title", "department", "changed_at")
    list_filter = ("department",)
    list_select_related = ("department",)
    search_fields = ("title",)
    ordering = ("-changed_at",)


@admin.register(Registration)
class RegistrationAdmin(PortalModelAdmin):
    list_display = ("person", "activity", "status", "created_at")
    list_filter = ("status",)
    list_select_related = ("person", "activity")
    search_fields = ("person__family_name", "person__given_name", "activity__number", "activity__title")
    ordering = ("-created_at",)


@admin.register(AttendanceEvidence)
class AttendanceEvidenceAdmin(PortalModelAdmin):
    """The ledger: one immutable row per piece of evidence (law 1)."""

    list_display = ("identity", "session", "method", "at", "minutes")
    list_filter = ("method",)
    list_select_related = ("identity", "session")
    search_fields = ("identity__value", "session__title", "session__activity__number")
    ordering = ("-at",)


@admin.register(Submission)
class SubmissionAdmin(PortalModelAdmin):
    list_display = ("activity", "number", "submitted_at", "submitted_by")
    list_select_related = ("activity",)
    search_fields = ("activity__number", "activity__title")
    ordering = ("-submitted_at",)


@admin.register(Decision)
class DecisionAdmin(PortalModelAdmin):
    list_display = ("activity", "kind", "decided_at", "decided_by", "reason")
    list_filter = ("kind",)
    list_select_related = ("activity", "decided_by")
    search_fields = ("activity__number", "activity__title", "reason")
    ordering = ("-decided_at",)
