"""The office's view of disclosures, and its decisions about companies; regulated rows are read-only here."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common.admin import PortalInline, PortalModelAdmin
from common.errors import DomainError
from common.forms import PortalForm
from common.widgets import Choices
from integrity.domain.disclosures import wording
from integrity.domain.mitigation import set_company
from integrity.enums import Eligibility, Traded
from integrity.models import Company, Disclosure, Relationship


class RelationshipInline(PortalInline):
    model = Relationship
    fields = readonly_fields = ("company", "nature", "ended", "ended_on", "traded")


@admin.register(Disclosure)
class DisclosureAdmin(PortalModelAdmin):
    list_display = ("person", "answer", "method", "submitted_at")
    list_filter = ("answer", "method")
    list_select_related = ("person",)
    search_fields = ("person__family_name", "person__given_name", "attested_name")
    ordering = ("-submitted_at",)
    inlines = (RelationshipInline,)


@admin.register(Relationship)
class RelationshipAdmin(PortalModelAdmin):
    list_display = ("company", "nature", "ended", "person", "disclosed")
    list_filter = ("nature", "ended")
    list_select_related = ("company", "disclosure__person")
    search_fields = ("company__name", "disclosure__person__family_name")
    ordering = ("-pk",)

    @admin.display(description=_("person"), ordering="disclosure__person__family_name")
    def person(self, row: Relationship) -> str:
        return row.disclosure.person.name_with_degrees

    @admin.display(description=_("disclosed"), ordering="disclosure__submitted_at")
    def disclosed(self, row: Relationship) -> Any:
        return row.disclosure.submitted_at


class CompanyDecisionForm(PortalForm):
    """SII-E-1 and SII-3.2a for one company."""

    eligibility = forms.ChoiceField(
        label=_("Is it an ineligible company?"), choices=Eligibility.choices, widget=Choices
    )
    reason = forms.CharField(
        label=_("What does it do?"), required=False, max_length=250,
        help_text=_("For example “device manufacturer”, “pharmacy benefit manager”, “hospital”."),
    )  # fmt: skip
    traded = forms.ChoiceField(
        label=_("Who holds its stock?"),
        choices=Traded.choices,
        widget=Choices,
        help_text=_("Stock in a private company makes its holder an owner (SII-3.2a)."),
    )


@admin.register(Company)
class CompanyAdmin(PortalModelAdmin):
    list_display = ("name", "eligibility", "traded", "reason", "decided_at")
    list_filter = ("eligibility", "traded")
    search_fields = ("name",)
    ordering = ("name",)
    actions_row = actions_detail = ("decide",)

    @action(description=_("Decide"), url_path="decide")
    def decide(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Whether a company is ineligible: a page of its own, because Django wraps the change form in a transaction."""
        company = Company.objects.filter(pk=object_id).first()
        if company is None or not self.has_view_permission(request):
            raise Http404
        form = CompanyDecisionForm(
            request.POST or None,
            initial={"eligibility": company.eligibility, "traded": company.traded, "reason": company.reason},
        )
        if request.method == "POST" and form.is_valid():
            try:
                set_company(company_id=company.pk, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
            except DomainError as error:
                form.add_domain_error(error)
            else:
                messages.success(request, _("%(name)s: decision recorded.") % {"name": company.name})
                return redirect("admin:integrity_company_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": company.name,
            "company": company,
            "form": form,
            "opts": self.model._meta,
            "definition": wording().definition,
        }
        return render(request, "integrity/company_decide.html", context)
