"""People, departments and office roles in the admin."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from accounts.domain.roles import grant_role, revoke_role
from accounts.enums import OfficeRoleKey
from accounts.models import (
    AccreditationTerm,
    Department,
    DepartmentMember,
    OfficeRole,
    Organisation,
    Person,
    PersonAddress,
    Provider,
)
from common.admin import PortalInline, PortalModelAdmin
from common.forms import PortalForm
from common.widgets import Choices


class RoleForm(PortalForm):
    role = forms.ChoiceField(label=_("Office role"), choices=OfficeRoleKey.choices, widget=Choices)
    required_messages = {"role": _("Choose one of the roles.")}


class AddressInline(PortalInline):
    model = PersonAddress
    verbose_name_plural = _("Addresses")
    fields = readonly_fields = ("kind", "value", "is_primary", "verified_at", "removed_at")


class RoleInline(PortalInline):
    model = OfficeRole
    verbose_name_plural = _("Office roles")
    fields = readonly_fields = ("role", "granted_at", "granted_by", "revoked_at", "revoked_by")


class MembershipInline(PortalInline):
    model = DepartmentMember
    verbose_name_plural = _("Plans for")
    fields = readonly_fields = ("department", "added_at", "removed_at")


@admin.register(Person)
class PersonAdmin(PortalModelAdmin):
    list_display = ("family_name", "given_name", "degrees", "profession", "is_physician", "deactivated_at")
    list_display_links = ("family_name", "given_name")
    list_filter = ("profession", "is_physician")
    search_fields = ("family_name", "given_name", "addresses__value")
    ordering = ("family_name", "given_name", "pk")
    inlines = (AddressInline, RoleInline, MembershipInline)
    actions_detail = ("give_role",)

    @action(description=_("Give an office role"), url_path="give-role", permissions=["direct"])
    def give_role(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        person = self.object_for_act(request, object_id, Person.objects.all())
        return self.act_page(
            request, RoleForm(request.POST or None), partial(grant_role, person_id=person.pk), obj=person, title=person.full_name,
            text=_("Who holds an office role works in this admin from the next page on."), button=_("Give this role"), done=_("Role given."),
        )  # fmt: skip


@admin.register(OfficeRole)
class OfficeRoleAdmin(PortalModelAdmin):
    list_display = ("person", "role", "granted_at", "granted_by", "revoked_at")
    list_filter = ("role",)
    list_select_related = ("person",)
    search_fields = ("person__family_name", "person__given_name")
    ordering = ("-granted_at",)
    actions_detail = ("take_back",)

    @action(description=_("Take the role back"), url_path="take-back", permissions=["direct"])
    def take_back(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        role = self.object_for_act(request, object_id, OfficeRole.objects.select_related("person"))
        return self.act_page(
            request, PortalForm(request.POST if request.method == "POST" else None), partial(revoke_role, role_id=role.pk), obj=role, title=role.person.full_name,
            text=role.get_role_display(), button=_("Take this role back"), done=_("Role taken back."), danger=True,
        )  # fmt: skip


@admin.register(Department)
class DepartmentAdmin(PortalModelAdmin):
    """Reference data of the school: the director adds and renames."""

    add_rule = change_rule = "accounts.direct"
    list_display = ("name", "code")
    search_fields = ("name", "code")
    ordering = ("name",)


class TermInline(PortalInline):
    model = AccreditationTerm


@admin.register(Provider)
class ProviderAdmin(PortalModelAdmin):
    list_display = ("name", "short_name", "office_email")
    inlines = (TermInline,)


@admin.register(Organisation)
class OrganisationAdmin(PortalModelAdmin):
    list_display = ("name", "kind")
    list_filter = ("kind",)
    search_fields = ("name",)
    ordering = ("name",)
