"""Joined records and changed names in the admin; what is noted is read, what can be done has a button."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from accounts.domain import merge_parts, merging
from accounts.domain.profile import settle_name_change
from accounts.models import Licence, NameChange, PersonMerge, PersonNumber
from common.admin import PortalInline, PortalModelAdmin, ReasonForm
from common.forms import PortalForm


class NumberInline(PortalInline):
    model = PersonNumber
    verbose_name_plural = _("Board and registry numbers")
    fields = readonly_fields = ("kind", "value", "report_ok_at", "added_at", "removed_at")


class LicenceInline(PortalInline):
    model = Licence
    verbose_name_plural = _("Licenses")
    fields = readonly_fields = ("state", "kind", "number", "report_ok_at", "added_at", "removed_at")


class KeptInline(PortalInline):
    model = PersonMerge
    fk_name = "kept"
    verbose_name_plural = _("Records joined to this one")
    fields = readonly_fields = ("away", "how", "reason", "merged_at", "merged_by", "undone_at")
    show_change_link = True


class NameChangeInline(PortalInline):
    model = NameChange
    verbose_name_plural = _("Name changes after a certificate")
    fields = readonly_fields = ("old_name", "new_name", "reason", "changed_at", "wants_certificates", "note")


@admin.register(PersonMerge)
class PersonMergeAdmin(PortalModelAdmin):
    """What was joined, what moved, and taking it apart."""

    list_display = ("merged_at", "away", "kept", "how", "merged_by", "undone_at")
    list_select_related = ("away", "kept")
    list_filter = ("how",)
    search_fields = ("away__family_name", "away__given_name", "kept__family_name", "kept__given_name")
    ordering = ("-merged_at",)
    fields = readonly_fields = (
        "away", "kept", "how", "reason", "merged_at", "merged_by", "said_before", "moved", "undone_at", "undone_by", "undo_reason", "said_after",
    )  # fmt: skip
    actions_detail = ("take_apart",)

    @admin.display(description=_("What moved"))
    def moved(self, row: PersonMerge) -> str:
        words = merge_parts.names()
        counted = row.items.values_list("table", "column").annotate(n=Count("pk")).order_by("table", "column")
        lines = [(words.get(table) or table.split(".")[-1], column, n) for table, column, n in counted]
        return format_html_join("", "{} ({}): {}<br>", lines) or "–"

    @admin.display(description=_("Said before"))
    def said_before(self, row: PersonMerge) -> str:
        return format_html_join("", "{}<br>", ([text] for text in row.remarks)) or "–"

    @admin.display(description=_("Could not go back"))
    def said_after(self, row: PersonMerge) -> str:
        return format_html_join("", "{}<br>", ([text] for text in row.undo_remarks)) or "–"

    @action(description=_("Take the records apart"), url_path="take-apart")
    def take_apart(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, PersonMerge.objects.select_related("away", "kept"))
        return self.act_page(
            request, ReasonForm(request.POST or None), partial(merging.undo, merge_id=row.pk), obj=row,
            title=f"{row.away.name_with_degrees} / {row.kept.name_with_degrees}",
            text=_("What was moved goes back, from wherever it is now; what was changed since stays and is listed here. Both mailboxes are told."),
            button=_("Take the records apart"), done=_("Two records again. Read below what could not go back."), danger=True,
        )  # fmt: skip


class SettleForm(PortalForm):
    note = forms.CharField(
        label=_("What was done?"), max_length=250, help_text=_("For example “two certificates issued anew” or “no: nickname”.")
    )  # fmt: skip
    required_messages = {"note": _("Say what was done, in a sentence.")}


@admin.register(NameChange)
class NameChangeAdmin(PortalModelAdmin):
    """Names changed after a certificate, with the reason; who asks for new certificates waits here."""

    list_display = ("changed_at", "old_name", "new_name", "reason", "wants_certificates", "settled_at", "settled_by")
    list_filter = ("wants_certificates", ("settled_at", admin.EmptyFieldListFilter))
    search_fields = ("old_name", "new_name", "person__family_name")
    ordering = ("-changed_at",)
    actions_detail = ("settle",)

    @action(description=_("Settle the request"), url_path="settle")
    def settle(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, NameChange.objects.all())
        return self.act_page(
            request, SettleForm(request.POST or None), partial(settle_name_change, change_id=row.pk), obj=row,
            title=f"{row.old_name} → {row.new_name}", text=_("Issue certificates anew under Certificates, one by one, with the reason. Then say here what was done."),
            button=_("Settle the request"), done=_("Settled."),
        )  # fmt: skip
