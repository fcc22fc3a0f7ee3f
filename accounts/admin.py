"""People, departments and office roles in the admin."""

from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

import accounts.mailbox_admin  # noqa: F401 - registers its table
from accounts.domain import see_as
from accounts.domain.organisations import decide_eligibility
from accounts.domain.roles import grant_role, revoke_role
from accounts.enums import AssessmentQuestion, Eligibility, OfficeRoleKey
from accounts.middleware import SEE_AS
from accounts.models import (
    AccreditationTerm,
    Department,
    DepartmentMember,
    OfficeRole,
    Organisation,
    Person,
    PersonAddress,
    Provider,
    SeeAs,
    SeeAsPage,
)
from accounts.people_admin import KeptInline, LicenceInline, NameChangeInline, NumberInline
from accounts.views.sign_in import safe_next
from common import statements
from common.admin import PortalInline, PortalModelAdmin, ReasonForm
from common.errors import DomainError, NotAllowed
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


class SeeAsPageInline(PortalInline):
    model = SeeAsPage
    verbose_name_plural = _("Pages seen")
    fields = readonly_fields = ("path", "at")


class SeeAsInline(PortalInline):
    model = SeeAs
    fk_name = "person"
    verbose_name_plural = _("Seen by the CME office as this person")
    fields = readonly_fields = ("started_at", "staff", "reason", "ended_at")


@admin.register(Person)
class PersonAdmin(PortalModelAdmin):
    list_display = ("family_name", "given_name", "degrees", "profession", "is_physician", "deactivated_at")
    list_display_links = ("family_name", "given_name")
    list_filter = ("profession", "is_physician")
    search_fields = ("family_name", "given_name", "addresses__value")
    ordering = ("family_name", "given_name", "pk")
    inlines = (
        AddressInline, NumberInline, LicenceInline, RoleInline, MembershipInline, NameChangeInline, KeptInline, SeeAsInline,
    )  # fmt: skip
    actions_detail = ("find_same", "give_role", "see_as", "record", "missing_credit")

    @action(description=_("Find the same person"), url_path="find-same")
    def find_same(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        return redirect("people:find_same", self.object_for_act(request, object_id, Person.objects.all()).pk)

    @action(description=_("Copy of the record"), url_path="record")
    def record(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        return redirect("credits:record_of", self.object_for_act(request, object_id, Person.objects.all()).pk)

    @action(description=_("Why no credit?"), url_path="missing-credit")
    def missing_credit(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        return redirect("credits:why_of_anybody", self.object_for_act(request, object_id, Person.objects.all()).pk)

    @action(description=_("Give an office role"), url_path="give-role", permissions=["direct"])
    def give_role(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        person = self.object_for_act(request, object_id, Person.objects.all())
        return self.act_page(
            request, RoleForm(request.POST or None), partial(grant_role, person_id=person.pk), obj=person, title=person.full_name,
            text=_("Who holds an office role works in this admin from the next page on."), button=_("Give this role"), done=_("Role given."),
        )  # fmt: skip

    @action(description=_("See the portal as this person"), url_path="see-as")
    def see_as(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """With the reason; from the next page on the session of this browser looks as them."""
        person = self.object_for_act(request, object_id, Person.objects.all())
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                row = see_as.start(person_id=person.pk, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
            except DomainError as error:
                form.add_domain_error(error)
            else:
                request.session[SEE_AS] = row.pk
                rotate_token(request)
                return redirect("/")
        context = {
            **self.admin_site.each_context(request), "title": person.full_name, "form": form, "opts": self.model._meta, "obj": person,
            "text": _("You see what they see, for 30 minutes, and can change nothing. Who looked, when, why and at which pages is kept."),
            "button": _("See the portal as this person"), "back": reverse("admin:accounts_person_change", args=[person.pk]),
        }  # fmt: skip
        return render(request, "admin/act.html", context)


@admin.register(SeeAs)
class SeeAsAdmin(PortalModelAdmin):
    """Who of the office looked at the portal as whom."""

    list_display = ("started_at", "staff", "person", "reason", "ended_at", "ended_how")
    list_select_related = ("staff", "person")
    search_fields = ("staff__family_name", "person__family_name", "person__given_name", "reason")
    ordering = ("-started_at",)
    inlines = (SeeAsPageInline,)


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


class EligibilityForm(PortalForm):
    """SII-E-1 for one organisation; the reason stands in the record."""

    eligibility = forms.ChoiceField(
        label=_("May it plan accredited education with us?"),
        choices=[
            (Eligibility.ELIGIBLE, _("Yes, it is eligible")), (Eligibility.INELIGIBLE, _("No, it is an ineligible company")),
            (Eligibility.UNDETERMINED, _("Leave it open: its planners can answer the questions again")),
        ],
        widget=Choices,
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Why?"), widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What it does, and what you looked at. Planners read it, and it stands in the record."),
    )  # fmt: skip
    required_messages = {
        "eligibility": _("Choose one of the answers."),
        "reason": _("Say what it does, for example “hospital” or “device manufacturer”."),
    }


@admin.register(Organisation)
class OrganisationAdmin(PortalModelAdmin):
    """Who plans with us: read here, decided on a page of its own (CME-JP-1)."""

    list_display = ("name", "kind", "standing", "assessed_at", "decided_at")
    list_filter = ("eligibility", "kind")
    search_fields = ("name",)
    ordering = ("name",)
    fields = readonly_fields = (
        "name", "kind", "standing", "eligibility_reason", "decided_by", "decided_at", "assessment", "assessed_by", "assessed_at",
    )  # fmt: skip
    actions_row = actions_detail = ("decide",)

    @admin.display(description=_("eligibility"), ordering="eligibility")
    def standing(self, row: Organisation) -> str:
        """The office's verdict; without one, whether a "yes" waits for it."""
        if row.has_yes and not row.is_decided:
            return gettext("To decide: answered “yes”")
        return row.get_eligibility_display()

    @action(description=_("Decide"), url_path="decide")
    def decide(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Whether it may be a joint provider: a page of its own, because Django wraps the change form in a transaction."""
        row = self.object_for_act(request, object_id, Organisation.objects.select_related("assessed_by", "decided_by"))
        back = safe_next(request, request.GET.get("next", "")) or reverse("admin:accounts_organisation_changelist")
        form = EligibilityForm(
            request.POST or None,
            initial={"eligibility": row.eligibility if row.is_decided else "", "reason": row.eligibility_reason},
        )
        if request.method == "POST" and form.is_valid():
            try:
                decide_eligibility(organisation_id=row.pk, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
            except NotAllowed as error:
                raise PermissionDenied(str(error)) from error
            except DomainError as error:
                form.add_domain_error(error)
            else:
                messages.success(request, _("%(name)s: decision recorded.") % {"name": row.name})
                return redirect(back)
        found = (import_string(path)(row, request.actor) for path in settings.PAGE_PANELS.get("organisation", ()))  # type: ignore[attr-defined]
        answers = [(AssessmentQuestion(name).label, answer) for name, answer in row.answers.items()]
        context = {
            **self.admin_site.each_context(request), "title": row.name, "organisation": row, "form": form, "opts": self.model._meta, "back": back,
            "answers": answers if row.assessed_at else [], "definition": statements.body("SII-E-1"), "panels": list(found), "zone": Provider.current().zone,
        }  # fmt: skip
        return render(request, "accounts/organisation_decide.html", context)
