"""The office's admin: permissions from registered rules, deny by default; acts on pages of their own (decisions 14 and 21)."""

from collections.abc import Callable
from typing import Any

import rules
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from common.errors import DomainError, NotAllowed
from common.forms import PortalForm
from common.models import AuditEvent, Job, OutboxMessage, RuleParameter, Statement, TransitionLog, Waiver


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
        obj: Model, title: Any, text: Any, button: Any, done: Any, danger: bool = False,
    ) -> HttpResponse:  # fmt: skip
        """A page with one form and one button: `act` gets what was typed; what it refuses stands on the form.

        A page of its own, because Django wraps the change form in a transaction and durable functions fail there.
        """
        back = reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])
        if request.method == "POST" and form.is_valid():
            try:
                act(**form.cleaned_data, by=request.actor)  # type: ignore[attr-defined]
            except NotAllowed as error:
                raise PermissionDenied(str(error)) from error
            except DomainError as error:
                form.add_domain_error(error)
            else:
                messages.success(request, done)
                return redirect(back)
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


@admin.register(Statement)
class StatementAdmin(PortalModelAdmin):
    """Wording comes from versioned files (decision 15); here it is read."""

    list_display = ("code", "scope", "effective_from", "effective_to", "source", "checked_on")
    search_fields = ("code", "body")
    ordering = ("code", "-effective_from")


@admin.register(RuleParameter)
class RuleParameterAdmin(PortalModelAdmin):
    """Numbers that regulators may change, from versioned files (decision 15)."""

    list_display = ("code", "scope", "value", "effective_from", "effective_to", "source", "checked_on")
    search_fields = ("code",)
    ordering = ("code", "-effective_from")


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
        found: QuerySet[OutboxMessage] = super().get_queryset(request)
        return found.exclude(template="sign_in_code")


@admin.register(Job)
class JobAdmin(PortalModelAdmin):
    list_display = ("name", "state", "due_at", "attempts", "finished_at")
    list_filter = ("state",)
    search_fields = ("name",)
    ordering = ("-pk",)
