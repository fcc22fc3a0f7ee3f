"""Certificates and claims: found by code, person or activity; corrected by the domain, never by hand (law 4)."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common.admin import PortalInline, PortalModelAdmin, ReasonForm
from credits.certificate_admin import CertificateAdmin
from credits.domain import claims, requests
from credits.models import Certificate, Claim, ClaimLine, ClaimRequest, ClaimTotal, Designation
from credits.requirement_admin import ProfileAdmin

__all__ = ["CertificateAdmin", "ProfileAdmin"]  # registered by modules of their own


class TotalInline(PortalInline):
    model = ClaimTotal
    fields = readonly_fields = ("credit_type", "minutes", "credits", "designated")


class LineInline(PortalInline):
    model = ClaimLine
    fields = readonly_fields = ("session", "minutes", "credits", "voided_at", "facts")


class CertificateInline(PortalInline):
    model = Certificate
    fields = readonly_fields = ("code", "number", "status", "issued_at", "end_reason")
    show_change_link = True


@admin.register(Claim)
class ClaimAdmin(PortalModelAdmin):
    list_display = ("pk", "person", "activity", "status", "participated_on", "claimed_at")
    list_display_links = ("pk", "person")
    list_filter = ("status",)
    list_select_related = ("person", "activity")
    search_fields = (
        "person__family_name",
        "person__given_name",
        "activity__number",
        "activity__title",
        "certificates__code",
    )
    ordering = ("-pk",)
    exclude = ("form_key",)
    inlines = (TotalInline, LineInline, CertificateInline)
    actions_detail = ("void",)

    @action(description=_("Withdraw this claim"), url_path="void")
    def void(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Claim.objects.select_related("person", "activity"))
        return self.act_page(
            request, ReasonForm(request.POST or None), partial(claims.void, claim_id=row.pk), obj=row,
            title=f"{row.person.full_name}: {row.activity.title}",
            text=_("Its sessions can be claimed anew, and its certificate says that it was revoked."), button=_("Withdraw this claim"),
            done=_("The claim is withdrawn."), danger=True,
        )  # fmt: skip


@admin.register(Designation)
class DesignationAdmin(PortalModelAdmin):
    list_display = ("activity", "credit_type", "maximum", "scope", "minutes", "designated_at", "ended_at")
    list_filter = ("credit_type",)
    list_select_related = ("activity", "credit_type")
    search_fields = ("activity__number", "activity__title")
    ordering = ("-designated_at",)


@admin.register(ClaimRequest)
class ClaimRequestAdmin(PortalModelAdmin):
    """Late claims beyond the allowance wait here; attendance is confirmed by whoever runs the activity."""

    list_display = ("person", "session", "activity", "status", "is_late", "needs_attendance", "asked_at", "decided_by")
    list_filter = ("status", "is_late", "needs_attendance")
    list_select_related = ("person", "session__activity")
    search_fields = (
        "person__family_name",
        "person__given_name",
        "session__activity__number",
        "session__activity__title",
    )
    ordering = ("-asked_at",)
    actions_detail = ("grant", "refuse")

    @admin.display(description=_("Activity"), ordering="session__activity__number")
    def activity(self, row: ClaimRequest) -> str:
        return f"{row.session.activity.number} {row.session.activity.title}"

    @action(description=_("Let it be claimed late"), url_path="grant")
    def grant(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, ClaimRequest.objects.select_related("person", "session"))
        return self.act_page(
            request, ReasonForm(request.POST or None), partial(requests.grant, request_id=row.pk), obj=row,
            title=f"{row.person.full_name}: {row.session.title}", button=_("Let it be claimed late"), done=_("Granted. The learner gets an e-mail."),
            text=_("Beyond the late claims of the year, but never after the year is final. The attendance must be on record."),
        )  # fmt: skip

    @action(description=_("Refuse"), url_path="refuse")
    def refuse(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, ClaimRequest.objects.select_related("person", "session"))
        return self.act_page(
            request, ReasonForm(request.POST or None),
            partial(requests.refuse, activity_id=row.session.activity_id, request_ids=[row.pk]), obj=row,
            title=f"{row.person.full_name}: {row.session.title}", button=_("Refuse"), done=_("Refused. The learner reads why."),
            text=_("The learner reads the reason by e-mail, and may ask again."), danger=True,
        )  # fmt: skip
