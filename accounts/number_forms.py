"""Forms of phones, numbers and licences; and `LearnerFieldsForm`, which asks for exactly what a credit type needs."""

import copy
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts import validators
from accounts.domain import learner_fields
from accounts.enums import BOARDS, STATES, LicenceKind, NumberKind, Profession
from accounts.models import Person
from common.actors import Actor
from common.errors import DomainError
from common.forms import PortalForm
from common.widgets import Tick

HINTS: dict[str, Any] = {
    NumberKind.NPI: _("Ten digits. Look it up at npiregistry.cms.hhs.gov."),
    NumberKind.NABP: _("From your NABP e-Profile. Pharmacy credit is reported to CPE Monitor by it."),
    NumberKind.ABIM: _("Six digits, from your ABIM Physician Portal."),
}
REPORT = _("You may tell this board about my credit")
_plain = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}


class PhoneForm(PortalForm):
    phone = forms.CharField(
        label=_("A mobile phone"), max_length=30, help_text=_("With its area code. You can check in by text message from it."),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )  # fmt: skip
    required_messages = {"phone": _("Write the number you want to add.")}


class LicenceForm(PortalForm):
    state = forms.ChoiceField(label=_("State"), choices=[("", _("Choose one")), *STATES.items()])
    kind = forms.ChoiceField(label=_("License as"), choices=[("", _("Choose one")), *LicenceKind.choices])
    number = forms.CharField(
        label=_("License number"), max_length=30, help_text=_("As on your license, leading zeros included."), widget=forms.TextInput(attrs=_plain)
    )  # fmt: skip
    report = forms.BooleanField(
        label=_("You may tell this state’s board about my credit"), required=False, widget=Tick, help_text=_("Some states take credit from providers directly."),
    )  # fmt: skip
    required_messages = {
        "state": _("Choose the state that gave the license."),
        "kind": _("Choose what the license is for."),
        "number": _("Write the number on your license."),
    }

    def clean_number(self) -> str:
        return validators.licence_number(self.cleaned_data["number"])


def _month() -> forms.ChoiceField:
    months = [("", _("Month")), *((str(n), name) for n, name in MONTHS.items())]
    return forms.ChoiceField(label=_("Birthday: month"), choices=months, required=False)


def _day() -> forms.ChoiceField:
    days = [("", _("Day")), *((str(n), str(n)) for n in range(1, 32))]
    return forms.ChoiceField(label=_("Day"), choices=days, required=False, help_text=_("We never ask for the year."))


class _Answers(PortalForm):
    """Answers by key; what each says is checked at once, with the field's own sentence."""

    person: Person

    def _birthday(self, data: dict[str, Any]) -> tuple[int, int] | None:
        month, day = data.get("birth_month") or "", data.get("birth_day") or ""
        if not month and not day:
            return None
        try:
            return validators.birthday(int(month or 0), int(day or 0))
        except ValidationError as error:
            self.add_error("birth_day", error.message)
            return None

    def _number(self, kind: str, typed: str) -> str:
        try:
            return validators.number(kind, typed) if typed.strip() else ""
        except ValidationError as error:
            self.add_error(kind, error.message)
            return ""

    def save(self, *, by: Actor) -> bool:
        """Keep the answers of a valid form; False when the domain refused one, which then stands on its field."""
        try:
            learner_fields.save(person_id=self.person.pk, values=self.values(), by=by)
        except DomainError as error:
            self.add_domain_error(error)
            return False
        return True

    def values(self) -> dict[str, Any]:
        raise NotImplementedError


class NumbersForm(_Answers):
    """The page of one's numbers: NPI, birthday, and the boards and registries one has ids of."""

    npi = forms.CharField(label="NPI", max_length=20, required=False, help_text=HINTS["npi"], widget=forms.TextInput(attrs={**_plain, "inputmode": "numeric"}))  # fmt: skip
    birth_month = _month()
    birth_day = _day()

    def __init__(self, *args: Any, person: Person, kinds: Iterable[str] = (), **kwargs: Any) -> None:
        self.person = person
        self.rows = {row.kind: row for row in learner_fields.numbers(person)}
        initial: dict[str, Any] = {kind: row.value for kind, row in self.rows.items()}
        initial |= {f"{kind}_report": row.report_ok_at is not None for kind, row in self.rows.items()}
        initial |= {"birth_month": str(person.birth_month or ""), "birth_day": str(person.birth_day or "")}
        super().__init__(*args, initial=initial, **kwargs)
        self.kinds = [k for k in NumberKind.values if k != NumberKind.NPI and (k in self.rows or k in kinds)]
        for kind in self.kinds:
            _add_number(self, kind)
        for field in self.fields.values():
            field.show_optional = False  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for kind in (NumberKind.NPI, *self.kinds):
            data[kind] = self._number(kind, data.get(kind) or "")
        data["birthday"] = self._birthday(data)
        return data

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        found: dict[str, Any] = {NumberKind.NPI.value: data["npi"]}
        found |= {kind: (data[kind], bool(data.get(f"{kind}_report"))) for kind in self.kinds}
        return found | ({"birthday": data["birthday"]} if data["birthday"] else {})


def _add_number(form: forms.Form, kind: str, *, required: bool = False) -> None:
    label = NumberKind(kind).label
    form.fields[kind] = forms.CharField(
        label=label, max_length=30, required=required, help_text=HINTS.get(kind, ""), widget=forms.TextInput(attrs=_plain),
        error_messages={"required": _now("Write your %(label)s.") % {"label": label}},
    )  # fmt: skip
    form.fields[kind].show_optional = not required  # type: ignore[attr-defined]
    if kind in BOARDS:
        form.fields[f"{kind}_report"] = forms.BooleanField(label=REPORT, required=False, widget=Tick)


class LearnerFieldsForm(_Answers):
    """Asks for the learner fields named by `fields`, all of them needed; see `accounts.domain.learner_fields`.

    `fields` is what `profile.missing(person, …)` returned: with nothing missing the form is empty and valid. The claim
    page gives it a `prefix` and puts it into its own <form>; `save(by=…)` is called before the claim. A board's id also
    asks for the permission to report (MOC-2), which is never ticked beforehand; with `tell_boards` it is needed to go on.
    `needed` are the keys that must be answered now, where some of the fields are for credit that nobody chose yet.
    """

    def __init__(
        self, *args: Any, person: Person, fields: Iterable[str], needed: Iterable[str] | None = None, tell_boards: bool = False, **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.person, self.asked = person, [key for key in fields if key != "name"]
        self.needed = set(self.asked) if needed is None else set(needed)
        self.tell_boards = tell_boards
        for key in self.asked:
            for part in key.split("|"):
                self._add(part, needed="|" not in key and key in self.needed)
        if needed is not None:  # what is not needed now is needed with the type that asks for it
            for field in self.fields.values():
                field.show_optional = False  # type: ignore[attr-defined]

    def __bool__(self) -> bool:
        return bool(self.asked)

    def of(self, key: str) -> list[forms.BoundField]:
        """The fields of one key, for a page that puts them in different places."""
        names = [n for part in key.split("|") for n in self.fields if n in {*self._names(part), f"{part}_report"}]
        return [self[name] for name in names]

    def _add(self, key: str, *, needed: bool) -> None:
        if key in NumberKind.values:
            _add_number(self, key, required=needed)
        elif key == "birthday":
            self.fields["birth_month"], self.fields["birth_day"] = _month(), _day()
        elif key == "licence":
            for name, field in LicenceForm.base_fields.items():
                self.fields[f"licence_{name}"] = copy.deepcopy(field)
                self.fields[f"licence_{name}"].required = False
        elif key == "profession":
            self.fields[key] = forms.ChoiceField(label=_("Profession"), choices=[("", _("Choose one")), *Profession.choices], required=needed)  # fmt: skip
        else:
            self.fields[key] = forms.CharField(label=_(key.capitalize()), max_length=100, required=needed)
        for name in ("birth_month", "birth_day", *(n for n in self.fields if n.startswith("licence_"))):
            if name in self.fields:
                self.fields[name].show_optional = False  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        given = {key for part in self.asked for key in part.split("|") if self._take(key, data)}
        for key in (k for k in self.asked if k in self.needed):
            parts = key.split("|")
            if self.tell_boards and key in BOARDS and key in given and not data.get(f"{key}_report"):
                self.add_error(f"{key}_report", _now("Points reach the board only if you allow it. Tick this, or leave them out above."))  # fmt: skip
            if not given & set(parts) and not any(self._names(p) & set(self.errors) for p in parts):
                first = {"birthday": "birth_day", "licence": "licence_state"}.get(parts[0], parts[0])
                self.add_error(first, _now("This credit needs your %(what)s.") % {"what": learner_fields.label(key)})
        return data

    def _names(self, key: str) -> set[str]:
        if key == "birthday":
            return {"birth_month", "birth_day"}
        if key == "licence":
            return {name for name in self.fields if name.startswith("licence_")}
        return {key}

    def _take(self, key: str, data: dict[str, Any]) -> bool:
        """Check one answer and put it under its key; whether there is one."""
        if key in NumberKind.values:
            data[key] = self._number(key, data.get(key) or "")
        elif key == "birthday":
            data[key] = self._birthday(data)
        elif key == "licence":
            data[key] = self._licence(data)
        return bool(data.get(key))

    def _licence(self, data: dict[str, Any]) -> dict[str, Any] | None:
        given = {name: data.get(f"licence_{name}") or "" for name in ("state", "kind", "number")}
        if not any(given.values()):
            return None
        for name, value in given.items():
            if not value:
                self.add_error(f"licence_{name}", LicenceForm.required_messages[name])
        try:
            given["number"] = validators.licence_number(given["number"]) if given["number"] else ""
        except ValidationError as error:
            self.add_error("licence_number", error.message)
        return {**given, "report": bool(data.get("licence_report"))} if all(given.values()) else None

    def values(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in (k for part in self.asked for k in part.split("|")):
            value = self.cleaned_data.get(key)
            if value:
                report = self.cleaned_data.get(f"{key}_report") if key in BOARDS else None
                found[key] = (value, bool(report)) if key in BOARDS else value
        return found
