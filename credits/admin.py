"""Certificates and claims: found by code, person or activity; corrected by the domain, never by hand (law 4)."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common import statements
from common.admin import PortalInline, PortalModelAdmin, ReasonForm, link_to
from common.errors import DomainError
from credits.adjust_forms import AdjustForm, NoteForm
from credits.certificate_admin import CertificateAdmin
from credits.documents import certificate as document
from credits.domain import adjusting, claims, requests
from credits.enums import ClaimStatus
from credits.models import Certificate, Claim, ClaimLine, ClaimRequest, ClaimTotal, Designation
from credits.requirement_admin import ProfileAdmin

__all__ = ["CertificateAdmin", "ProfileAdmin"]  # registered by modules of their own


WITH_TOTALS = Prefetch(
    "totals", ClaimTotal.objects.select_related("credit_type", "designation__credit_type").order_by("credit_type__position")
)  # fmt: skip


class TotalInline(PortalInline):
    model = ClaimTotal
    fields = readonly_fields = ("credit_type", "minutes", "credits", "designated")


def amount_of(claim: Claim) -> str:
    """What a claim carries, in words: "2.75 AMA PRA Category 1 Credits™ and 3.30 nursing contact hours"."""
    return statements.plain(document.joined([document.credit_runs(total) for total in claim.totals.all()]))


class LineInline(PortalInline):
    model = ClaimLine
    fields = readonly_fields = ("session", "minutes", "credits", "voided_at", "facts")


class CertificateInline(PortalInline):
    model = Certificate
    fields = readonly_fields = ("code", "number", "status", "issued_at", "end_reason")
    show_change_link = True


@admin.register(Claim)
class ClaimAdmin(PortalModelAdmin):
    list_display = ("pk", "person", "number", "activity", "amount", "status", "participated_on", "claimed_at")
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
    readonly_fields = ("amount", "replaced_by")
    inlines = (TotalInline, LineInline, CertificateInline)
    actions_detail = ("adjust", "void", "restore")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Which acts make sense; what changed since the page was opened, the domain refuses."""
        row = Claim.objects.filter(pk=object_id).only("status").first()
        wanted: tuple[str, ...] = ("adjust", "void") if row and row.status == ClaimStatus.LIVE else ("restore",)
        if Claim.objects.filter(adjusts=object_id).exists():  # the one in its place is changed instead
            wanted = ()
        found: list[Any] = super().get_actions_detail(request, object_id)
        return [act for act in found if act.action_name.endswith(wanted)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Claim]:
        found: QuerySet[Claim] = super().get_queryset(request)
        return found.prefetch_related(WITH_TOTALS)

    @admin.display(description=_("Number"), ordering="activity__number")
    def number(self, row: Claim) -> str:
        return row.activity.number

    @admin.display(description=_("Amount"))
    def amount(self, row: Claim) -> str:
        return amount_of(row)

    @admin.display(description=_("Replaced by"))
    def replaced_by(self, row: Claim) -> str:
        new = Claim.objects.filter(adjusts=row).first()
        return link_to(new) if new else ""

    @action(description=_("Change what was claimed"), url_path="adjust")
    def adjust(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(
            request, object_id, Claim.objects.select_related("person", "activity").prefetch_related(WITH_TOTALS)
        )
        try:
            now = adjusting.as_it_is(row)
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("admin:credits_claim_change", row.pk)
        form = AdjustForm(request.POST or None, now=now)

        def act(*, by: Any, **_typed: Any) -> object:
            return adjusting.adjust(claim_id=row.pk, by=by, **form.answers())

        before = amount_of(row)
        text = _("Claimed now: %(amount)s. Fewer or more, within what the record supports, and what you let stand. A claim with these amounts takes the place of this one, its certificate replaces the other, and the learner gets it by e-mail.")  # fmt: skip
        return self.act_page(
            request, form, act, obj=row, title=f"{row.person.full_name}: {row.activity.title}", button=_("Change this claim"),
            text=text % {"amount": before}, onto_made=True,
            done=lambda new: _("Changed: %(before)s before, %(after)s now. This is the claim that took its place.") % {"before": before, "after": amount_of(new)},
        )  # fmt: skip

    @action(description=_("Take the withdrawal back"), url_path="restore")
    def restore(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Claim.objects.select_related("person", "activity"))
        return self.act_page(
            request, NoteForm(request.POST or None), partial(adjusting.restore, claim_id=row.pk), obj=row,
            title=f"{row.person.full_name}: {row.activity.title}", button=_("Take the withdrawal back"), done=_("The claim stands again."),
            text=_("The claim counts again, and its certificate is valid as it was. The learner gets an e-mail."),
        )  # fmt: skip

    @action(description=_("Withdraw this claim"), url_path="void")
    def void(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Claim.objects.select_related("person", "activity"))
        return self.act_page(
            request, NoteForm(request.POST or None), partial(claims.void, claim_id=row.pk), obj=row,
            title=f"{row.person.full_name}: {row.activity.title}",
            text=_("Its sessions can be claimed anew, its certificate says that it was revoked, and the learner gets an e-mail."), button=_("Withdraw this claim"),
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
