"""The office's form for designating credit: a tick per type, and under each what it needs (WF-4, IP-2, IP-4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from activities.domain.plan import Plan
from common.forms import PortalForm
from common.widgets import DateInput, DecimalInput, MultiChoices, Tick
from credits import details
from credits.details import Detail
from credits.domain import designations, types
from credits.domain.designations import Award, Option

_TEXT = {"autocomplete": "off", "spellcheck": "false"}


@dataclass
class TypeRow:
    """A type with its fields, as the page shows it."""

    option: Option
    tick: BoundField
    fields: list[BoundField]

    @property
    def is_open(self) -> bool:
        """Whether its fields are worth showing at once: chosen, or refused as it was sent."""
        return bool(self.tick.value()) or any(f.errors for f in [self.tick, *self.fields])


class DesignateForm(PortalForm):
    """Which types, and what each needs. What is typed for a type that is not ticked is left alone."""

    optional_fields: tuple[str, ...] = ()

    def __init__(self, data: Any, *, facts: Plan, options: Sequence[Option]) -> None:
        super().__init__(data)
        self.facts = facts
        self.options = [o for o in options if not o.blocked]
        self.sessions = [(str(s.session.pk), s.session.title) for s in facts.education]
        chosen = any(o.designated for o in options)
        for option in self.options:
            self._add(option, on=option.designated is not None if chosen else option.asked)

    def _add(self, option: Option, *, on: bool) -> None:
        code = option.kind.code
        self.fields[code] = forms.BooleanField(
            label=types.label(option.kind), required=False, initial=on, widget=Tick(bare=True)
        )
        known: Mapping[str, str] = {**designations.usual(self.facts, option.kind), **(option.designated.details if option.designated else {})}  # fmt: skip
        for name in option.needed:
            self.fields[f"{code}-{name}"] = _field(details.ALL[name], known.get(name, ""), option.kind.kinds)
        if len(self.sessions) > 1 and option.kind.follows:
            before = option.designated.covers if option.designated else []
            self.fields[f"{code}-covers"] = forms.MultipleChoiceField(
                label=_("Sessions that qualify"), choices=self.sessions, required=False, widget=MultiChoices,
                initial=[str(pk) for pk in before] or [pk for pk, _title in self.sessions],
                help_text=_("Points count only for these (MOC-5)."),
            )  # fmt: skip
        for name in (n for n in self.fields if n.startswith(f"{code}-")):
            self.fields[name].show_optional = not getattr(self.fields[name], "needed", True)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for option in self.options:
            name = f"{option.kind.code}-covers"
            if data.get(option.kind.code) and name in self.fields and not data.get(name):
                self.add_error(name, _now("Choose at least one session, or leave this type out."))
        return data

    @property
    def rows(self) -> list[TypeRow]:
        return [
            TypeRow(o, self[o.kind.code], [self[n] for n in self.fields if n.startswith(f"{o.kind.code}-")])
            for o in self.options
        ]

    @property
    def main(self) -> list[TypeRow]:
        """What was asked for or is chosen; the rest is folded away."""
        return [row for row in self.rows if row.option.asked or row.option.designated or row.is_open]

    @property
    def more(self) -> list[TypeRow]:
        shown = {row.option.kind.code for row in self.main}
        return [row for row in self.rows if row.option.kind.code not in shown]

    def awards(self) -> list[Award]:
        """What was chosen; of a valid form."""
        data = self.cleaned_data
        found = []
        for option in self.options:
            code = option.kind.code
            if data.get(code):
                said = {name: str(data.get(f"{code}-{name}") or "") for name in option.needed}
                found.append(Award(code, said, tuple(int(pk) for pk in data.get(f"{code}-covers", ()))))
        return found


def _field(detail: Detail, value: str, kinds: Sequence[str] = ()) -> forms.Field:
    """A field of a detail. What it must look like is checked by the domain, whose sentence then stands on it."""
    common: dict[str, Any] = {"label": detail.label, "help_text": detail.help, "required": False, "initial": value}
    field: Any
    if detail.kind == "tick":
        field = forms.BooleanField(widget=Tick, **common)
    elif detail.kind == "choice":
        field = forms.ChoiceField(choices=[("", _("Choose one")), *((v, v[:1].upper() + v[1:]) for v, _w in details.choices(detail.name, kinds))], **common)  # fmt: skip
    elif detail.kind == "date":
        field = forms.CharField(widget=DateInput, **common)
    else:
        widget = DecimalInput(attrs={"class": "w-s"}) if detail.kind == "number" else forms.TextInput(attrs=_TEXT)
        field = forms.CharField(max_length=60, widget=widget, **common)
    field.needed = detail.required
    made: forms.Field = field
    return made
