"""The section on basics: what, when, where, for whom, and with whom (APP-1, APP-3, CME-JP-1)."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation
from activities.domain import joint
from activities.enums import Section
from activities.forms.applications import BasicsForm
from activities.forms.base import of_row
from activities.forms.joint import JointProviderForm, PartnerForm
from activities.models import JointProvider
from activities.views.editor import ColumnsEditor, Outcome, fine, number
from common import statements
from common.errors import DomainError

KNOWN = 200  # names offered while one types


class BasicsEditor(ColumnsEditor):
    """APP-1 and APP-3: the columns, and the organisations it is planned with."""

    section, form_class, template = Section.BASICS, BasicsForm, "activities/partials/_basics.html"
    lead = gettext_lazy("What it is, when, where, for whom and with whom.")

    def build(self) -> None:
        super().build()
        self.partners = [PartnerForm(of_row(self.typed, f"j{row.pk}"), row=row) for row in self.plan.joint]
        # A name that was typed is taken with every button that leaves the page; while one writes it waits.
        leaves = self.action == "add" or (bool(self.action) and bool(self.field("with-name")))
        self.adding = JointProviderForm(self.data if leaves else None, prefix="with")

    def forms(self) -> list[Any]:
        return [self.form, *self.partners]

    def save(self) -> bool:
        saved = super().save()
        rows = {f.row.pk: answers for f in self.partners if (answers := f.answers())}
        if rows:
            joint.save_joint_providers(rows=rows, **self.keys)
        saved = saved and all(fine(f) for f in self.partners)
        if self.action != "add" and self.adding.is_bound:
            return saved and self._add("").ok
        return saved

    def actions(self) -> Mapping[str, Callable[[str], Outcome]]:
        return {"add": self._add, "remove": self._remove, "restore": self._restore}

    def _add(self, _argument: str) -> Outcome:
        if not self.adding.is_valid():
            return Outcome(ok=False)
        try:
            made = joint.add_joint_provider(**self.adding.cleaned_data, **self.keys)
        except DomainError as error:
            if error.status != 400:
                raise
            self.adding.add_domain_error(error)
            return Outcome(ok=False)
        return Outcome(anchor=f"joint-{made.pk}")

    def _remove(self, argument: str) -> Outcome:
        joint.remove_joint_provider(joint_id=number(argument), by=self.actor)
        return Outcome(undo=f"restore:{argument}")

    def _restore(self, argument: str) -> Outcome:
        made = joint.restore_joint_provider(joint_id=number(argument), **self.keys)
        return Outcome(anchor=f"joint-{made.pk}")

    def undo_text(self, kind: str, pk: str) -> str:
        if kind != "restore" or not pk.isdecimal():
            return ""
        row = JointProvider.objects.filter(pk=pk, activity=self.plan.activity).select_related("organisation").first()
        return _("Took %(name)s off.") % {"name": row.organisation.name} if row else ""

    def context(self) -> dict[str, Any]:
        named = [f.row.organisation_id for f in self.partners]
        known = Organisation.objects.exclude(pk__in=named).order_by("name").values_list("name", flat=True)
        return {
            "form": self.form, "partners": self.partners, "adding": self.adding, "known": list(known[:KNOWN]),
            "definition": statements.body("SII-E-1"),
        }  # fmt: skip
