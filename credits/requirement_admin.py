"""What states, boards and hospitals ask for, in the admin: confirmed ones to read, and the office's own to write."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from common import widgets
from common.admin import PortalInline, PortalModelAdmin
from common.errors import DomainError
from common.forms import PortalForm
from credits.domain import requirements
from credits.models import CreditType, Requirement, RequirementProfile, Topic
from credits.models_requirements import Every, ProfileKind


class ProfileForm(PortalForm):
    """A profile without its lines."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        help_text=gettext_lazy("As learners choose it, for example Harbor Hospital, medical staff."),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=ProfileKind.choices, initial=ProfileKind.HOSPITAL)
    effective_from = forms.DateField(label=gettext_lazy("Holds from"), widget=widgets.DateInput())
    cycle_months = forms.IntegerField(
        label=gettext_lazy("Months of a cycle"),
        required=False,
        min_value=1,
        max_value=240,
        help_text=gettext_lazy("Empty: learners say themselves from when it counts."),
    )
    minutes_per_hour = forms.IntegerField(
        label=gettext_lazy("Minutes of an hour"),
        initial=60,
        min_value=1,
        max_value=60,
        help_text=gettext_lazy("50 where a contact hour has 50 minutes."),
    )
    exempt_renewals = forms.IntegerField(
        label=gettext_lazy("First renewals that ask for nothing"), initial=0, min_value=0, max_value=9
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=300,
        help_text=gettext_lazy("Where this can be read: bylaws, page, date."),
    )
    confirmed = forms.BooleanField(label=gettext_lazy("I read it at its source"), required=False, widget=widgets.Tick)
    note = forms.CharField(
        label=gettext_lazy("What is asked for besides"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    required_messages = {"source": gettext_lazy("Say where this can be read, or who decided it.")}


class LineForm(PortalForm):
    """One line of a profile."""

    label = forms.CharField(label=gettext_lazy("What is asked for"), max_length=120)
    hours = forms.DecimalField(
        label=gettext_lazy("Hours"), max_digits=5, decimal_places=2, widget=widgets.DecimalInput()
    )
    every = forms.ChoiceField(label=gettext_lazy("How often"), choices=Every.choices)
    number = forms.IntegerField(
        label=gettext_lazy("Every how many"),
        required=False,
        min_value=1,
        max_value=20,
        help_text=gettext_lazy("Years, or renewals, where the line above asks for a number."),
    )
    topics = forms.MultipleChoiceField(
        label=gettext_lazy("Topics"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None: any topic. Several: any of them."),
    )
    credit_types = forms.MultipleChoiceField(
        label=gettext_lazy("Credit types"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None: any type."),
    )
    condition = forms.CharField(
        label=gettext_lazy("Only for whom"),
        required=False,
        max_length=160,
        help_text=gettext_lazy("Asked of the learner, for example: You prescribe controlled substances."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topics"].choices = list(Topic.objects.values_list("pk", "name"))  # type: ignore[attr-defined]
        kinds = list(CreditType.objects.filter(is_attendance=False).values_list("pk", "name"))
        self.fields["credit_types"].choices = kinds  # type: ignore[attr-defined]


class TakeOffForm(PortalForm):
    """Which line goes."""

    line = forms.ChoiceField(label=gettext_lazy("Line"), widget=widgets.Choices)

    def __init__(self, *args: Any, profile: RequirementProfile, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["line"].choices = [(r.key, f"{r.label}, {r.hours}") for r in profile.requirements.all()]  # type: ignore[attr-defined]


class RequirementInline(PortalInline):
    model = Requirement
    fields = readonly_fields = ("label", "hours", "every", "number", "topics", "credit_types", "condition")


@admin.register(RequirementProfile)
class ProfileAdmin(PortalModelAdmin):
    """Those from the reference file are read-only; the office writes versions of its own beside them."""

    list_display = ("name", "kind", "effective_from", "revision", "confirmed", "checked_on", "written_by")
    list_filter = ("kind", "confirmed")
    search_fields = ("name", "code", "rule")
    inlines = (RequirementInline,)
    actions_list = ("new_profile",)
    actions_detail = ("own_version", "add_line", "take_off_line")

    @action(description=gettext_lazy("New profile"), url_path="new-profile")
    def new_profile(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = ProfileForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                row = requirements.write_profile(values=form.cleaned_data, by=request.actor)  # type: ignore[attr-defined]
            except DomainError as error:
                form.add_domain_error(error)
            else:
                messages.success(request, _("Written. Add its lines now; learners find it from its first day on."))
                return redirect(reverse("admin:credits_requirementprofile_change", args=[row.pk]))
        context = {
            **self.admin_site.each_context(request), "title": _("New profile"), "text": _("What a board, a hospital or an employer asks of its people."),
            "form": form, "button": _("Write it"), "back": reverse("admin:credits_requirementprofile_changelist"), "opts": self.model._meta,
        }  # fmt: skip
        return render(request, "admin/act.html", context)

    @action(description=gettext_lazy("Write our own version"), url_path="own-version")
    def own_version(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, RequirementProfile.objects.all())
        names = (
            "name",
            "kind",
            "effective_from",
            "cycle_months",
            "minutes_per_hour",
            "exempt_renewals",
            "source",
            "confirmed",
            "note",
        )
        form = ProfileForm(request.POST or None, initial={name: getattr(row, name) for name in names})

        def write(*, by: Any, **values: Any) -> object:
            return requirements.write_profile(values=values, by=by, based_on=row.pk)

        return self.act_page(
            request, form, write, obj=row, title=row.name, button=_("Write this version"), done=_("Written, with the lines of the version before. It is in the list."),
            text=_("The version that is there stays in the record. The one that begins last, and was written last, holds."),
        )  # fmt: skip

    @action(description=gettext_lazy("Add a line"), url_path="add-line")
    def add_line(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, RequirementProfile.objects.all())
        return self.act_page(
            request, LineForm(request.POST or None), partial(requirements.add_line, profile_id=row.pk), obj=row, title=row.name,
            text=_("Learners who chose it see the new line at once."), button=_("Add the line"), done=_("Added."),
        )  # fmt: skip

    @action(description=gettext_lazy("Take a line off"), url_path="take-off-line")
    def take_off_line(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, RequirementProfile.objects.prefetch_related("requirements"))
        return self.act_page(
            request, TakeOffForm(request.POST or None, profile=row), partial(requirements.take_off_line, profile_id=row.pk), obj=row, title=row.name,
            text=_("Learners who chose it are no longer measured by it."), button=_("Take it off"), done=_("Taken off."), danger=True,
        )  # fmt: skip
