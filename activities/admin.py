"""Activities and what hangs on them, to be read; the office acts on its desk."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from activities.domain import joint
from activities.forms.joint import ACCREDITED, ACCREDITED_HINT, JointProviderForm, yes_no
from activities.models import (
    Activity,
    ActivityRole,
    AttendanceEvidence,
    Decision,
    ImportBatch,
    JointProvider,
    PracticeGap,
    Registration,
    Session,
    Submission,
)
from common.admin import PortalModelAdmin
from common.forms import PortalForm
from common.templatetags.cme import status


@admin.register(Activity)
class ActivityAdmin(PortalModelAdmin):
    list_display = ("number", "title", "state", "kind", "department", "starts_on")
    list_display_links = ("number", "title")
    list_filter = ("status", "kind", "department")
    list_select_related = ("department",)
    search_fields = ("number", "title")
    ordering = ("-number",)
    actions_row = ("review",)
    actions_detail = ("review", "add_partner")

    @admin.display(description=_("Status"), ordering="status")
    def state(self, row: Activity) -> str:
        return _framed(status("activity", row.status))

    @action(description=_("Open on the desk"), url_path="review")
    def review(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Activity.objects.all())
        return redirect(reverse("desk:activity", args=[row.number]))

    @action(description=_("Name a joint provider"), url_path="add-partner")
    def add_partner(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Activity.objects.all())
        return self.act_page(
            request, AddPartnerForm(request.POST or None), partial(joint.add_joint_provider, activity_id=row.pk), obj=row, title=row.title,
            text=_("An organization that has a part in planning. Planners name it themselves while they write; after that you can, until it is published."),
            button=_("Name it"), done=_("Named. Decide on its page whether it is eligible."),
        )  # fmt: skip


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


class AddPartnerForm(JointProviderForm):
    """The office names a partner that came late; there is no list of known names here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs.pop("list", None)


class AccreditedForm(PortalForm):
    """Whether a partner is accredited (ST-6)."""

    is_accredited = yes_no(ACCREDITED, ACCREDITED_HINT)
    required_messages = {"is_accredited": _("Choose yes or no.")}


@admin.register(JointProvider)
class JointProviderAdmin(PortalModelAdmin):
    """Whom activities are planned with; the office puts it right until the activity is published (ST-7)."""

    list_display = ("organisation", "activity", "is_accredited", "added_at", "removed_at")
    list_filter = ("is_accredited",)
    list_select_related = ("organisation", "activity")
    search_fields = ("organisation__name", "activity__number", "activity__title")
    ordering = ("-added_at",)
    actions_detail = ("set_accredited", "take_off")

    @action(description=_("Accredited or not"), url_path="accredited")
    def set_accredited(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, JointProvider.objects.select_related("organisation"))
        initial = {"is_accredited": "yes" if row.is_accredited else "no"}
        return self.act_page(
            request, AccreditedForm(request.POST or None, initial=initial), partial(joint.set_accredited, joint_id=row.pk), obj=row,
            title=row.organisation.name, text=_("The accreditation statement follows from it. Credit that is designated already is designated again."),
            button=_("Record this"), done=_("Recorded."),
        )  # fmt: skip

    @action(description=_("Take it off the activity"), url_path="take-off")
    def take_off(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, JointProvider.objects.select_related("organisation"))
        return self.act_page(
            request, PortalForm(request.POST if request.method == "POST" else None), partial(joint.remove_joint_provider, joint_id=row.pk), obj=row,
            title=row.organisation.name, text=_("The accreditation statement names it no longer. Credit that is designated already is designated again."),
            button=_("Take it off"), done=_("Taken off."), danger=True,
        )  # fmt: skip


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


@admin.register(ImportBatch)
class ImportBatchAdmin(PortalModelAdmin):
    """Lists of attendance from files, over all activities; each is worked on at its activity's page."""

    list_display = ("file", "activity", "state", "source", "uploaded_by", "uploaded_at")
    list_filter = ("status", "source")
    list_select_related = ("file", "activity")
    search_fields = ("file__name", "sha256", "activity__number", "activity__title", "uploaded_by")
    ordering = ("-pk",)
    exclude = ("sample", "mapping", "signature", "position", "preview")
    actions_row = ("open_import",)
    actions_detail = ("open_import",)

    @admin.display(description=_("Status"), ordering="status")
    def state(self, row: ImportBatch) -> str:
        return _framed(status("import", row.status))

    @action(description=_("Open the list"), url_path="open-import")
    def open_import(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, ImportBatch.objects.select_related("activity"))
        return redirect(reverse("activities:import_detail", args=[row.activity.number, row.pk]))


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
