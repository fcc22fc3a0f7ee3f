"""The disclosure on one page: an answer, what is on file, new companies, a signature. Everything typed is kept."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common import clock
from common.forms import ErrorLine, PortalForm
from common.widgets import Choices
from integrity import validators
from integrity.domain.disclosures import NEEDS_TRADED, Declared, Wording
from integrity.enums import Answer, Nature, Traded
from integrity.models import Relationship

GOES_ON, ENDED = "yes", "ended"
SAME, CHANGED = "same", "changed"
MAX_ROWS = 40


class AnswerForm(PortalForm):
    """None or some, and the signature (SII-3.1d, 3.1e)."""

    answer = forms.ChoiceField(widget=Choices)
    attested_name = forms.CharField(
        label=_("Your name, as a signature"), max_length=520,
        widget=forms.TextInput(attrs={"autocomplete": "name", "class": "w-m"}),
    )  # fmt: skip
    required_messages: Mapping[str, Any] = {
        "answer": _("Choose one of the two answers."),
        "attested_name": _("Write your name; it is your signature."),
    }

    def __init__(self, *args: Any, words: Wording, on_file: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        since = validators.months_later(clock.now().date(), -words.months)
        if on_file:
            label = gettext("Anything new in the past %(n)d months, of any amount?") % {"n": words.months}
            choices = (gettext("No, nothing new with any ineligible company"), gettext("Yes, add a company"))
        else:
            label = gettext("Since %(month)s") % {"month": f"{since:%B %Y}"}
            choices = (words.none.rstrip("."), gettext("I had one or more, of any amount"))
        answer: Any = self.fields["answer"]
        answer.label, answer.choices = label, list(zip(Answer.values, choices, strict=True))


class _Row(PortalForm):
    """What both kinds of rows ask: when it ended, as a month and a year (SII-3.1a)."""

    ended_on = forms.CharField(
        label=_("Ended"), required=False, max_length=40, widget=forms.TextInput(attrs={"class": "w-s", "autocomplete": "off"})
    )  # fmt: skip
    optional_fields = ("ended_on",)

    def declared(self) -> Declared:
        """What this row says, once it is valid."""
        raise NotImplementedError

    @property
    def asks_end(self) -> bool:
        """Whether the month of the end is asked at all."""
        raise NotImplementedError

    def clean_ended_on(self) -> str:
        text: str = self.cleaned_data["ended_on"].strip()
        if not text or not self.asks_end:
            return ""
        found = validators.month(text)
        if found is None or found > clock.now().date():
            raise ValidationError(gettext("Write a month and year, for example “March 2026”."))
        return f"{found:%B %Y}"


class CompanyForm(_Row):
    """One relationship; no amounts are asked (SII-3.1a to 3.1c). What an answer makes needless is ignored."""

    company = forms.CharField(
        label=_("Company"), help_text=_("Start typing. If it isn’t listed, write the name in full."), max_length=250,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "companies"}),
    )  # fmt: skip
    nature = forms.ChoiceField(label=_("What was it?"), choices=[("", _("Choose one")), *Nature.choices])
    traded = forms.ChoiceField(
        label=_("Is the company privately held?"), required=False, widget=Choices,
        help_text=_("Leave out stock held through a diversified mutual fund or a pension plan."),
        choices=[(Traded.PRIVATE, _("Yes, privately held")), (Traded.PUBLIC, _("No, publicly traded")), (Traded.UNKNOWN, _("I don’t know"))],
    )  # fmt: skip
    going_on = forms.ChoiceField(
        label=_("Is it still going on?"), widget=Choices(inline=True), choices=[(GOES_ON, _("Yes")), (ENDED, _("No, it ended"))]
    )  # fmt: skip
    field_order = ("company", "nature", "traded", "going_on", "ended_on")
    required_messages: Mapping[str, Any] = {
        "company": _("Write the company’s name in full."),
        "nature": _("Choose what it was."),
        "going_on": _("Say whether it is still going on."),
    }

    @property
    def asks_end(self) -> bool:
        return bool(self["going_on"].value() == ENDED)

    @property
    def is_blank(self) -> bool:
        return not any(str(self[name].value() or "").strip() for name in self.fields)

    def clean_company(self) -> str:
        return validators.company_name(self.cleaned_data["company"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("nature") in NEEDS_TRADED and not data.get("traded"):
            self.add_error(
                "traded",
                gettext("Say whether the company is privately held. It decides whether stock makes you an owner."),
            )
        return data

    def declared(self) -> Declared:
        data = self.cleaned_data
        return Declared(data["company"], data["nature"], self.asks_end, data["ended_on"], data["traded"])


class EarlierForm(_Row):
    """One relationship on file: still true, ended, or changed. `change` is the form behind "It changed"."""

    state = forms.ChoiceField(label=_("Still true?"), widget=Choices(inline=True))

    def __init__(self, *args: Any, relationship: Relationship, change: CompanyForm, months: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.relationship, self.change = relationship, change
        name = {"company": relationship.company.name}
        state: Any = self.fields["state"]
        state.error_messages["required"] = gettext("Say whether %(company)s is still true.") % name
        ending = [] if relationship.ended else [(ENDED, gettext("It ended"))]
        state.choices = [(SAME, gettext("Still true")), *ending, (CHANGED, gettext("It changed"))]
        ended_on = self.fields["ended_on"]
        ended_on.label = gettext("When did it end?")
        ended_on.help_text = gettext("We ask about the last %(n)d months, so it stays listed that long.") % {
            "n": months
        }

    @property
    def asks_end(self) -> bool:
        return bool(self["state"].value() == ENDED)

    @property
    def is_changed(self) -> bool:
        return bool(self["state"].value() == CHANGED)

    def declared(self) -> Declared:
        row = self.relationship
        if self.is_changed:
            return self.change.declared()
        if self.asks_end:
            return Declared(row.company.name, row.nature, True, self.cleaned_data["ended_on"], row.traded)
        return Declared(row.company.name, row.nature, row.ended, row.ended_on, row.traded)


F = TypeVar("F", bound=PortalForm)


class Sheet:
    """The whole page as one form. The button pressed says what happens: "send", "add" or "remove-3".

    Rows are numbered by hidden fields, so that adding or removing one needs no script and moves nothing typed.
    `shows_all` keeps the rows in sight when "none" was chosen although companies are named.
    """

    prefix = "disclosure"

    def __init__(self, *, data: QueryDict | None, words: Wording, on_file: list[Relationship], name: str) -> None:
        action = data.get("action", "send") if data is not None else ""
        if data is not None and action == "add":
            data = data.copy()
            data["answer"] = Answer.SOME
        self._data, self._words = data, words
        self.is_sent = action == "send"
        self.shows_all = False
        self.main = self._make(AnswerForm, None, {"attested_name": name}, words=words, on_file=bool(on_file))
        self.rows = [self._make(CompanyForm, f"c{n}") for n in _numbers(data, action)]
        self.earlier = [self._earlier(row) for row in on_file]
        if action == "add":
            self.rows[-1].fields["company"].widget.attrs["autofocus"] = True

    def _make(self, kind: type[F], prefix: str | None, initial: dict[str, Any] | None = None, **kwargs: Any) -> F:
        """Bound when the page was sent; before that, filled with what is typed so far and without complaints."""
        if self._data is None or self.is_sent:
            return kind(self._data, prefix=prefix, initial=initial, **kwargs)
        typed = {n: v for n in kind.base_fields if (v := self._data.get(f"{prefix}-{n}" if prefix else n)) is not None}
        return kind(prefix=prefix, initial=(initial or {}) | typed, **kwargs)

    def _earlier(self, row: Relationship) -> EarlierForm:
        known = {
            "company": row.company.name,
            "nature": row.nature,
            "traded": row.traded,
            "going_on": ENDED if row.ended else GOES_ON,
            "ended_on": row.ended_on,
        }
        change = self._make(CompanyForm, f"x{row.pk}", known)
        return self._make(EarlierForm, f"e{row.pk}", None, relationship=row, change=change, months=self._words.months)

    def is_valid(self) -> bool:
        """Whether all that counts is in order; what does not count is neither checked nor complained about."""
        self.main.is_valid()
        filled = [form for form in self.rows if not form.is_blank]
        answer = self.main.cleaned_data.get("answer")
        counted = filled if answer != Answer.SOME else filled or self.rows[:1]
        self.shows_all = bool(filled) and answer != Answer.SOME
        if filled and answer == Answer.NONE:
            self.main.add_error(
                "answer", gettext("You named a company below. Choose the other answer, or remove the company.")
            )
        self.rows = [form if form in counted else _unchecked(form) for form in self.rows]
        for form in self.earlier:
            if not form.is_changed:
                form.change = _unchecked(form.change)
        self._counted = [*self.earlier, *counted]
        return not self.errors

    @property
    def forms(self) -> list[PortalForm]:
        changes = [form.change for form in self.earlier]
        return [*self.earlier, *changes, self.main, *self.rows]

    @property
    def errors(self) -> bool:
        return self.is_sent and any(form.is_bound and form.errors for form in self.forms)

    @property
    def error_list(self) -> list[ErrorLine]:
        """In the order of the page: the signature comes last."""
        lines = [line for form in self.forms if form.is_bound for line in form.error_list] if self.is_sent else []
        return sorted(lines, key=lambda line: line.anchor == self.main["attested_name"].auto_id)

    def relationships(self) -> list[Declared]:
        """What is declared: the rows on file as answered, and the new ones."""
        return [form.declared() for form in self._counted]


def _numbers(data: QueryDict | None, action: str) -> list[int]:
    typed = data.getlist("row") if data is not None else []
    found = list(dict.fromkeys(int(n) for n in typed if n.isdecimal() and len(n) < 6))[:MAX_ROWS]
    if action.startswith("remove-"):
        found = [n for n in found if str(n) != action.removeprefix("remove-")]
    if action == "add" and len(found) < MAX_ROWS:
        found.append(max(found, default=0) + 1)
    return found or [1]


def _unchecked(form: CompanyForm) -> CompanyForm:
    """The same row with what was typed, but unbound."""
    typed = {name: value for name in form.fields if (value := form[name].value()) is not None}
    return CompanyForm(prefix=form.prefix, initial={**form.initial, **typed})
