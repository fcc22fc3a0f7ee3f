"""Certificates in the admin: read as they are; corrected, revoked, restored, issued anew by acts with a reason (law 4)."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common.admin import PortalInline, PortalModelAdmin, ReasonForm, link_to
from common.forms import PortalForm
from common.status import get as status_of
from common.widgets import Choices
from credits.domain import certificates, letters
from credits.enums import REVOKE_WHY, SUPERSEDE_WHY, CertificateWhy
from credits.models import Certificate, CertificateEvent


def choices(words: tuple[CertificateWhy, ...]) -> list[tuple[str, str]]:
    return [(word.value, word.label) for word in words]


class CorrectForm(ReasonForm):
    """Why a certificate is replaced: in public words, in the record, and to the learner."""

    why = forms.ChoiceField(label=_("What everybody may read"), choices=choices(SUPERSEDE_WHY), widget=Choices)
    note = forms.CharField(
        label=_("A sentence to the learner"), required=False, help_text=_("Goes into the e-mail about it."), widget=forms.Textarea(attrs={"rows": 2})
    )  # fmt: skip
    field_order = ("why", "reason", "note")
    required_messages = {
        **ReasonForm.required_messages,
        "why": _("Choose the words that stand on the verification page."),
    }


class RevokeForm(CorrectForm):
    why = forms.ChoiceField(label=_("What everybody may read"), choices=choices(REVOKE_WHY), widget=Choices)


class RestoreForm(CorrectForm):
    why = None  # type: ignore[assignment]


class RepeatForm(PortalForm):
    """Nothing to say; the button is the answer."""


class EventInline(PortalInline):
    model = CertificateEvent
    verbose_name_plural = _("What became of it")
    fields = readonly_fields = ("at", "act", "why", "reason", "note", "by")


class StuckFilter(admin.SimpleListFilter):
    """Those that several tries could not make."""

    title = _("trouble")
    parameter_name = "stuck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Could not be made"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Certificate]) -> QuerySet[Certificate]:
        return queryset.filter(pk__in=certificates.stuck().values("pk")) if self.value() == "yes" else queryset


@admin.register(Certificate)
class CertificateAdmin(PortalModelAdmin):
    list_display = ("code", "person", "activity", "status", "number", "issued_at")
    list_filter = ("status", StuckFilter)
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
        "code", "glyphs", "standing", "person_page", "activity_page", "claim_page", "number", "requested_at", "issued_at", "signed", "sha256", "supersedes", "ended_at",
        "ended_by", "end_why", "end_reason", "template", "template_version", "snapshot",
    )  # fmt: skip
    inlines = (EventInline,)
    actions_detail = ("open_file", "supersede", "revoke", "restore", "reissue", "repeat")
    # Which acts make sense in which state; what changed since the page was opened, the domain refuses.
    ACTS = {
        "on_request": ("supersede", "revoke"),
        "preparing": ("repeat", "supersede", "revoke"),
        "issued": ("open_file", "supersede", "revoke"),
        "superseded": ("open_file",),
        "revoked": ("open_file", "restore", "reissue"),
    }

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        row = Certificate.objects.filter(pk=object_id).only("status").first()
        wanted = self.ACTS[row.status] if row else ()
        found: list[Any] = super().get_actions_detail(request, object_id)
        return [act for act in found if act.action_name.endswith(wanted)]

    @admin.display(description=_("State"), ordering="status")
    def standing(self, row: Certificate) -> str:
        said = status_of("certificate", row.status).word
        return f"{said}, {gettext('could not be made yet')}" if certificates.is_stuck(row) else said

    @admin.display(description=_("Digital signature"))
    def signed(self, row: Certificate) -> str:
        if not row.sha256:
            return gettext("Not made yet.")
        return (
            gettext("Signed; key %(key)s…") % {"key": row.signed_with[:16]}
            if row.signed_with
            else gettext("Not signed.")
        )

    @admin.display(description=_("Person"), ordering="claim__person__family_name")
    def person(self, row: Certificate) -> str:
        return row.claim.person.name_with_degrees

    @admin.display(description=_("Activity"), ordering="claim__activity__number")
    def activity(self, row: Certificate) -> str:
        return f"{row.claim.activity.number} {row.claim.activity.title}"

    @admin.display(description=_("Person"))
    def person_page(self, row: Certificate) -> str:
        return link_to(row.claim.person, self.person(row))

    @admin.display(description=_("Activity"))
    def activity_page(self, row: Certificate) -> str:
        return link_to(row.claim.activity, self.activity(row))

    @admin.display(description=_("Claim"))
    def claim_page(self, row: Certificate) -> str:
        return link_to(row.claim)

    @admin.display(description=_("Letters"))
    def glyphs(self, row: Certificate) -> str:
        """Decision 30: a letter that no font can print is said here, never printed as a silent box."""
        missing = letters.of_snapshot(row.snapshot)
        return letters.sentence(missing) if missing else gettext("All in our fonts.")

    @action(description=_("Open the PDF"), url_path="open")
    def open_file(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Certificate.objects.all())
        return redirect("credits:certificate", row.code)

    @action(description=_("Issue a corrected version"), url_path="supersede")
    def supersede(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Certificate.objects.select_related("claim__person"))
        text = _(
            "A new certificate is made from the claim and the name as they are today; this one then says it was superseded. The learner gets an e-mail."
        )
        return self.act_page(
            request, CorrectForm(request.POST or None), partial(certificates.supersede, certificate_id=row.pk), obj=row, title=row.code,
            text=text, button=_("Issue a corrected version"), done=_("A corrected version is being made."),
        )  # fmt: skip

    @action(description=_("Revoke"), url_path="revoke")
    def revoke(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Certificate.objects.all())
        return self.act_page(
            request, RevokeForm(request.POST or None), partial(certificates.revoke, certificate_id=row.pk), obj=row, title=row.code,
            text=_("Whoever checks its code reads that it was revoked, and why in the words below. The claim stays; to take the credit back, withdraw the claim. The learner gets an e-mail."),
            button=_("Revoke this certificate"), done=_("The certificate is revoked."), danger=True,
        )  # fmt: skip

    @action(description=_("Restore"), url_path="restore")
    def restore(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Certificate.objects.all())
        return self.act_page(
            request, RestoreForm(request.POST or None), partial(certificates.restore, certificate_id=row.pk), obj=row, title=row.code,
            text=_("The same file is valid again. Whoever checks its code reads that it had been revoked in error. The learner gets an e-mail."),
            button=_("Restore this certificate"), done=_("The certificate is valid again."),
        )  # fmt: skip

    @action(description=_("Issue a new version"), url_path="reissue")
    def reissue(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Certificate.objects.all())
        return self.act_page(
            request, CorrectForm(request.POST or None), partial(certificates.reissue, certificate_id=row.pk), obj=row, title=row.code,
            text=_("A new certificate is made from the claim and the name as they are today. This one stays revoked, and leads to the new one. The learner gets an e-mail."),
            button=_("Issue a new version"), done=_("A new version is being made."),
        )  # fmt: skip

    @action(description=_("Try again to make it"), url_path="repeat")
    def repeat(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, Certificate.objects.all())
        return self.act_page(
            request, RepeatForm(request.POST or None), partial(certificates.repeat, certificate_ids=[row.pk]), obj=row, title=row.code,
            text=_("Its job starts anew. What stood in the way is in the list of jobs."), button=_("Try again"), done=_("It is tried again."),
        )  # fmt: skip
