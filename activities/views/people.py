"""The section on people: who has which part, and where each disclosure stands (APP-2, SII-3.0)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Person
from activities.domain import people
from activities.domain.plan import Plan
from activities.enums import CONTROLS_CONTENT, RoleKind, Section
from activities.forms.applications import PersonForm
from activities.models import ActivityRole
from activities.views.editor import Editor, Outcome
from common.errors import DomainError


class PeopleEditor(Editor):
    """APP-2: acts only; nothing is typed here but a new person."""

    section, template, autosaves = Section.PEOPLE, "activities/partials/_people.html", False
    lead = gettext_lazy(
        "Everybody who decides on content gets a link to disclose. You see whether it is done, never what it says."
    )

    def build(self) -> None:
        self.begun = bool(self.action) and self.action != "add" and any(self.field(name) for name in PersonForm.TYPED)
        typed = {name: self.field(name) for name in PersonForm.base_fields if self.field(name)} if self.begun else {}
        self.form = PersonForm(self.data if self.action == "add" else None, plan=self.plan, initial=typed or None)

    def take_along(self) -> bool:
        """A person who was typed is given back: adding them sends them a message, so only its own button does."""
        return super().take_along() and not self.begun

    def forms(self) -> list[Any]:
        return [self.form]

    def actions(self) -> Mapping[str, Callable[[str], Outcome]]:
        return {
            "add": self._add,
            "remove": self._remove,
            "restore": self._restore,
            "controls": self._controls,
            "ask": self._ask,
        }

    def _add(self, _argument: str) -> Outcome:
        if not self.form.is_valid():
            return Outcome(ok=False)
        given = dict(self.form.cleaned_data)
        role = people.add_role(session_id=given.pop("session", None), **given, **self.keys)
        text = (
            _("%(name)s added. The disclosure link is on its way.") if role.controls_content else _("%(name)s added.")
        )
        return Outcome(anchor="people", message=text % {"name": role.person.full_name})

    def _part(self, argument: str) -> dict[str, Any]:
        person_id, _sep, role = argument.partition("-")
        if not person_id.isdecimal() or role not in RoleKind.values:
            raise DomainError("That button is out of date. Reload the page.")
        return {"person_id": int(person_id), "role": role, **self.keys}

    def _remove(self, argument: str) -> Outcome:
        people.remove_part(**self._part(argument))
        return Outcome(undo=f"restore:{argument}")

    def _restore(self, argument: str) -> Outcome:
        people.restore_part(**self._part(argument))
        return Outcome(anchor="people")

    def _controls(self, argument: str) -> Outcome:
        part, _sep, wanted = argument.rpartition("-")
        people.set_controls_content(controls=wanted == "yes", **self._part(part))
        return Outcome(anchor="people")

    def _ask(self, argument: str) -> Outcome:
        part = self._part(argument)
        people.ask_again(activity_id=part["activity_id"], person_id=part["person_id"], by=self.actor)
        return Outcome(anchor="people", message=_("The link is on its way again."))

    def undo_text(self, kind: str, pk: str) -> str:
        person_id, _sep, role = pk.partition("-")
        if not person_id.isdecimal() or role not in RoleKind.values:
            return ""
        person = Person.objects.filter(pk=person_id, activity_roles__activity=self.plan.activity).first()
        return (
            _("Removed %(name)s, %(role)s.") % {"name": person.full_name, "role": RoleKind(role).label.lower()}
            if person
            else ""
        )

    def context(self) -> dict[str, Any]:
        return {"form": self.form, "people": colleagues(self.plan), "begun": self.begun}


@dataclass(frozen=True)
class Part:
    """One role of a person, whatever the number of sessions."""

    person_id: int
    role: ActivityRole
    sessions: list[str]
    can_untick: bool

    @property
    def key(self) -> str:
        return f"{self.person_id}-{self.role.role}"


@dataclass(frozen=True)
class Colleague:
    """One person with every part; `standings` say where the disclosure stands, never what it says."""

    person: Person
    parts: list[Part]
    standings: list[str]

    @property
    def can_be_reminded(self) -> bool:
        return bool({"asked", "expired"} & set(self.standings))

    @property
    def key(self) -> str:
        return self.parts[0].key


def colleagues(plan: Plan) -> list[Colleague]:
    """The people of a plan in the order they were added."""
    found = people.standings(plan.activity)
    titles = {s.pk: s.title for s in plan.sessions}
    rows: dict[int, dict[str, list[ActivityRole]]] = {}
    for role in plan.roles:
        rows.setdefault(role.person_id, {}).setdefault(role.role, []).append(role)
    listed = []
    for person in plan.people:
        parts = [
            Part(
                person.pk,
                roles[0],
                [titles[r.session_id] for r in roles if r.session_id in titles],
                roles[0].role not in CONTROLS_CONTENT,
            )
            for roles in rows[person.pk].values()
        ]
        standings = dict.fromkeys(
            str(found[r.pk]) for roles in rows[person.pk].values() for r in roles if r.pk in found
        )
        listed.append(Colleague(person, parts, list(standings)))
    return listed
