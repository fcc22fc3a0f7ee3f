"""Certificates and claims: found by code, person or activity; corrected by the domain, never by hand (law 4)."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common import pdf
from common.admin import PortalInline, PortalModelAdmin, ReasonForm
from credits.domain import certificates, claims
from credits.models import Certificate, Claim, ClaimLine, ClaimTotal, CreditType, Designation


@admin.register(Certificate)
class CertificateAdmin(PortalModelAdmin):
    list_display = ("code", "person", "activity", "status", "number", "issued_at")
    list_filter = ("status",)
    list_select_related = ("claim__person", "claim__activity")
    search_fields = (
        "code",
        "claim__person__family_name",
        "claim__person__given_name",
        "claim__activity__number",
        "claim__activity__title",
    )
    ordering = ("-pk",)
    fields = readonly_fields = (
        "code", "glyphs", "status", "person", "activity", "number", "requested_at", "issued_at", "sha256", "supersedes", "ended_at", "ended_by",
        "end_reason", "template_version", "snapshot",
    )  # fmt: skip
    actions_detail = ("supersede", "revoke")

    @admin.display(description=_("Person"), ordering="claim__person__family_name")
    def person(self, row: Certificate) -> str:
        return row.claim.person.name_with_degrees

    @admin.display(description=_("Activity"), ordering="claim__activity__number")
    def activity(self, row: Certificate) -> str:
        return f"{row.claim.activity.number} {row.claim.activity.title}"

    @admin.display(description=_("Letters of the name"))
    def glyphs(self, row: Certificate) -> str:
        """Decision 30: a letter that no font can print is said here, never printed as a silent box."""
        missing = sorted(pdf.uncovered(row.snapshot["facts"]["name"]))
        if not missing:
            return gettext("All in our fonts.")
        text = ngettext(
            "No font here can print %(letters)s. Install one, then issue a corrected version.",
            "No font here can print these letters: %(letters)s. Install one, then issue a corrected version.", len(missing),
        )  # fmt: skip
        return text % {"letters": " ".join(missing)}

    @action(description=_("Issue a corrected version"), url_path="supersede")
    def supersede(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Certificate.objects.select_related("claim__person"))
        text = _(
            "A new certificate is made from the claim and the name as they are today; this one then says it was superseded. The learner gets an e-mail."
        )
        return self.act_page(
            request, ReasonForm(request.POST or None), partial(certificates.supersede, certificate_id=row.pk), obj=row, title=row.code,
            text=text, button=_("Issue a corrected version"), done=_("A corrected version is being made."),
        )  # fmt: skip

    @action(description=_("Revoke"), url_path="revoke")
    def revoke(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Certificate.objects.all())
        return self.act_page(
            request, ReasonForm(request.POST or None), partial(certificates.revoke, certificate_id=row.pk), obj=row, title=row.code,
            text=_("Whoever checks its code reads that it was revoked. This cannot be undone."), button=_("Revoke this certificate"),
            done=_("The certificate is revoked."), danger=True,
        )  # fmt: skip


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


@admin.register(CreditType)
class CreditTypeAdmin(PortalModelAdmin):
    list_display = ("name", "code", "rounding", "increment", "physicians_only")
    ordering = ("position",)
