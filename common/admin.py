"""The office's admin: permissions from registered rules, deny by default; acts on pages of their own (decisions 14 and 21)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import rules
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action

from common import clock, uploads, versions
from common.errors import DomainError, NotAllowed
from common.forms import PortalForm
from common.models import (
    AuditEvent,
    Dated,
    Job,
    OutboxMessage,
    RuleParameter,
    Statement,
    StoredFile,
    TransitionLog,
    Waiver,
)
from common.templatetags.cme import local_date
from common.widgets import DateInput, Tick


def link_to(row: Model, text: object = "") -> SafeString:
    """A row by its name, with the way to its page in the admin."""
    page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', page, text or row)


class RuledPermissions:
    """view, add, change and delete each by a registered rule; a table without one is closed for that act."""

    view_rule = "accounts.office"
    add_rule = ""
    change_rule = ""
    delete_rule = ""

    def _may(self, rule: str, request: HttpRequest, obj: Any = None) -> bool:
        return bool(rule and rules.perm_exists(rule) and rules.has_perm(rule, request.actor, obj))  # type: ignore[attr-defined]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(self.view_rule, request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(self.add_rule, request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(self.change_rule, request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(self.delete_rule, request, obj)


class PortalModelAdmin(RuledPermissions, ModelAdmin):
    """The base of every table in the admin: read-only unless it names a rule. Changes go through the domain."""

    list_per_page = 50
    show_full_result_count = False  # a count over the whole table, on every page of it

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_direct_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """For `@action(permissions=["direct"])`: what only the director does."""
        return self._may("accounts.direct", request)

    def object_for_act(self, request: HttpRequest, object_id: Any, queryset: QuerySet[Any]) -> Any:
        """The row an act is about. Raises Http404 for one out of sight."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = queryset.filter(pk=object_id).first() if str(object_id).isdecimal() else None
        if found is None:
            raise Http404
        return found

    def act_page(
        self, request: HttpRequest, form: PortalForm, act: Callable[..., object], *,
        obj: Model, title: Any, text: Any, button: Any, done: Any, danger: bool = False, onto_made: bool = False,
    ) -> HttpResponse:  # fmt: skip
        """A page with one form and one button: `act` gets what was typed; what it refuses stands on the form.

        With `onto_made` the next page is that of the row that `act` made in the place of `obj`, and `done` says of it what was done.
        A page of its own, because Django wraps the change form in a transaction and durable functions fail there.
        """
        page = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change"
        back = reverse(page, args=[obj.pk])
        if request.method == "POST" and form.is_valid():
            try:
                made: Any = act(**form.cleaned_data, by=request.actor)  # type: ignore[attr-defined]
            except NotAllowed as error:
                raise PermissionDenied(str(error)) from error
            except DomainError as error:
                form.add_domain_error(error)
            else:
                messages.success(request, done(made) if onto_made else done)
                return redirect(reverse(page, args=[made.pk]) if onto_made else back)
        context = {
            **self.admin_site.each_context(request), "title": title, "text": text, "form": form, "button": button, "danger": danger,
            "back": back, "obj": obj, "opts": self.model._meta,
        }  # fmt: skip
        return render(request, "admin/act.html", context)


class PortalInline(RuledPermissions, TabularInline):
    """Rows shown inside another; read-only like their tables."""

    extra = 0
    can_delete = False


class ReasonForm(PortalForm):
    """The reason that stands in the record."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("One or two sentences. It stands in the record."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    required_messages = {"reason": _("Say why, in a sentence.")}


class VersionForm(PortalForm):
    """What every new version says of itself; `seen` is how many versions the page showed."""

    effective_from = forms.DateField(
        label=_("Holds from"), widget=DateInput, help_text=_("Today or later."),
    )  # fmt: skip
    source = forms.CharField(
        label=_("Source"), required=False, max_length=250,
        help_text=_("Where it can be read, or who decided it. Left empty: a decision of the provider."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), help_text=_("Why it changes, in a sentence. It stands in the record."), widget=forms.Textarea(attrs={"rows": 2})
    )  # fmt: skip
    seen = forms.IntegerField(widget=forms.HiddenInput)
    required_messages = {"reason": _("Say why, in a sentence."), "effective_from": _("Choose a day, today or later.")}

    def __init__(self, *args: Any, row: Dated, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if row.mandated_by:
            self.fields["source"].required = True
            self.fields["source"].show_optional = False  # type: ignore[attr-defined]
            self.fields["source"].help_text = _("Where the new version can be read: the issuer’s page and its date.")
            self.fields["source"].error_messages["required"] = _(
                "Say where this can be read, for example the issuer’s page and its date."
            )


class WordingForm(VersionForm):
    body = forms.CharField(
        label=_("New wording"), widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("The portal fills in what stands in {braces}; asterisks and ™ are the AMA’s mark; bars part the lines of a certificate."),
    )  # fmt: skip
    confirmed = forms.BooleanField(label=_("I compared it with its source, word for word"), required=False, widget=Tick)
    required_messages = {**VersionForm.required_messages, "body": _("Write the wording.")}
    field_order = ("body", "effective_from", "source", "confirmed", "reason", "seen")


class ParameterForm(VersionForm):
    value = forms.CharField(label=_("New value"), max_length=2000)
    required_messages = {**VersionForm.required_messages, "value": _("Write a value.")}
    field_order = ("value", "effective_from", "source", "reason", "seen")

    def __init__(self, *args: Any, row: RuleParameter, **kwargs: Any) -> None:
        super().__init__(*args, row=row, **kwargs)
        self.fields["value"].help_text = row.unit
        self.fields["value"].widget.attrs["class"] = "w-s"


class VersionedAdmin(PortalModelAdmin):
    """Rows with dates: everybody of the office reads them, the director adds the next version (common/versions.py)."""

    ordering = ("code", "scope", "-effective_from", "-revision")
    actions_row = actions_detail = ("new_version",)
    list_display_links = ("code",)
    version_form: type[Any]
    value_field: str

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        day = clock.now().date()
        same = self.model._default_manager.filter(
            Q(effective_to=None) | Q(effective_to__gt=day), code=OuterRef("code"), scope=OuterRef("scope"), effective_from__lte=day
        )  # fmt: skip
        now = Subquery(same.order_by("-effective_from", "-revision").values("pk")[:1])
        annotated: QuerySet[Any] = found.annotate(holds_now=now)
        return annotated

    @admin.display(description=_("Holds"))
    def standing(self, row: Any) -> str:
        if row.pk == row.holds_now:
            return gettext("Now")
        return gettext("Later") if row.effective_from > clock.now().date() else gettext("No longer")

    def change(self, row: Any, **values: Any) -> object:
        raise NotImplementedError

    @action(description=_("New version"), url_path="new-version", permissions=["direct"])
    def new_version(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """The form of the next version beside those there are; the director's alone."""
        row = self.object_for_act(request, object_id, self.model._default_manager.all())
        if not self.has_direct_permission(request):
            raise PermissionDenied
        zone, rows = timezone.get_current_timezone_name(), versions.in_order(row)
        now = versions.holding(rows, clock.now().date()) or row
        initial = {
            "effective_from": clock.today(zone),
            "seen": len(rows),
            self.value_field: versions.shown(getattr(row, self.value_field)),
        }
        form = self.version_form(request.POST or None, row=row, initial=initial)
        if request.method == "POST" and form.is_valid():
            try:
                made: Any = self.change(row, zone=zone, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
            except NotAllowed as error:
                raise PermissionDenied(str(error)) from error
            except DomainError as error:
                form.add_domain_error(error)
            else:
                said = {"code": made.code, "day": local_date(made.effective_from, zone)}
                messages.success(request, _("Recorded. The new version of %(code)s holds from %(day)s.") % said)
                return redirect(reverse(f"admin:common_{self.model._meta.model_name}_changelist") + f"?q={made.code}")
        if form.is_bound:  # what was added meanwhile is on this page, so the next try knows of it
            form.data = form.data.copy()
            form.data["seen"] = str(len(rows))
        context = {
            **self.admin_site.each_context(request), "title": row.code, "row": row, "now": now, "versions": rows, "form": form, "zone": zone,
            "opts": self.model._meta, "value_field": self.value_field, "today": clock.now().date(),
            "back": reverse(f"admin:common_{self.model._meta.model_name}_changelist"),
        }  # fmt: skip
        return render(request, "admin/version.html", context)


@admin.register(Statement)
class StatementAdmin(VersionedAdmin):
    """Wording: from versioned files (decision 15), or written by the director."""

    list_display = ("code", "words", "standing", "effective_from", "mandated_by", "added_by")
    search_fields = ("code", "body")
    version_form, value_field = WordingForm, "body"

    @admin.display(description=_("Wording"), ordering="body")
    def words(self, row: Statement) -> str:
        return Truncator(row.body).chars(70)

    def change(self, row: Any, **values: Any) -> object:
        return versions.change_wording(statement_id=row.pk, **values)


@admin.register(RuleParameter)
class RuleParameterAdmin(VersionedAdmin):
    """Numbers that rules use: from versioned files (decision 15), or written by the director."""

    list_display = ("code", "description", "value", "unit", "standing", "effective_from", "added_by")
    search_fields = ("code", "description")
    version_form, value_field = ParameterForm, "value"

    def change(self, row: Any, **values: Any) -> object:
        return versions.change_parameter(parameter_id=row.pk, **values)


@admin.register(AuditEvent)
class AuditEventAdmin(PortalModelAdmin):
    list_display = ("at", "event", "actor_label", "subject_type", "subject_id", "reason")
    list_filter = ("event",)
    search_fields = ("actor_label", "subject_id", "reason")
    ordering = ("-at", "-pk")


@admin.register(TransitionLog)
class TransitionLogAdmin(PortalModelAdmin):
    list_display = ("at", "workflow", "subject_id", "verb", "old", "new", "actor_label")
    list_filter = ("workflow", "verb")
    search_fields = ("actor_label", "subject_id")
    ordering = ("-at", "-pk")


@admin.register(Waiver)
class WaiverAdmin(PortalModelAdmin):
    """Exceptions to rules, director by reason (WF-12); given on the activity's page."""

    list_display = ("approved_at", "rule", "subject_type", "subject_id", "approved_by_label", "until")
    search_fields = ("rule", "reason")
    ordering = ("-approved_at",)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(PortalModelAdmin):
    """What was sent to whom and when. The text is left out: it holds links and codes that are keys to an account."""

    list_display = ("created_at", "to", "subject", "template", "sent_at")
    search_fields = ("to", "subject")
    ordering = ("-created_at",)
    fields = readonly_fields = ("to", "to_name", "subject", "template", "created_at", "sent_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMessage]:
        found: Any = super().get_queryset(request)
        rows: QuerySet[OutboxMessage] = found.listed()
        return rows


@admin.register(StoredFile)
class StoredFileAdmin(PortalModelAdmin):
    """What people uploaded, by name only; what a file hangs on gives it out."""

    list_display = ("created_at", "name", "kind_word", "size", "purpose", "created_by", "removed_at")
    list_filter = ("purpose", "kind")
    search_fields = ("name", "created_by", "sha256")
    ordering = ("-created_at", "-pk")
    actions_detail = ("take_down",)

    @action(description=_("Take the file down"), url_path="take-down")
    def take_down(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, StoredFile.objects.all())
        return self.act_page(
            request, ReasonForm(request.POST or None), partial(uploads.take_down, file_id=row.pk), obj=row, title=row.name,
            text=_("Nobody can open it any more, wherever it hangs. The record of it stays."), button=_("Take the file down"),
            done=_("Taken down."), danger=True,
        )  # fmt: skip


@admin.register(Job)
class JobAdmin(PortalModelAdmin):
    list_display = ("name", "state", "due_at", "attempts", "finished_at")
    list_filter = ("state",)
    search_fields = ("name",)
    ordering = ("-pk",)
