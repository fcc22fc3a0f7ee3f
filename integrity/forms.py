"""The disclosure on one page: an answer, what is on file, new companies, a signature. Everything typed is kept."""

from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

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
        max_length=250, widget=forms.TextInput(attrs={"autocomplete": "name", "class": "w-m"})
    )

    def __init__(self, *args: Any, words: Wording, on_file: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        since = validators.months_later(clock.now().date(), -words.months)
        answer = self.fields["answer"]
        if on_file:
            answer.label = _("Anything new in the past %(n)d months, of any amount?") % {"n": words.months}
            labels = (_("No, nothing new with any ineligible company"), _("Yes, add a company"))
        else:
            answer.label = _("Since %(month)s") % {"month": f"{since:%B %Y}"}
            labels = (words.none.rstrip("."), _("I had one or more, of any amount"))
        answer.choices = list(zip(Answer.values, labels, strict=True))  # type: ignore[attr-defined]
        answer.error_messages["required"] = _("Choose one of the two answers.")
        self.fields["attested_name"].label = _("Your name, as a signature")
        self.fields["attested_name"].error_messages["required"] = _("Write your name; it is your signature.")


class _Ending(PortalForm):
    """What both kinds of rows ask: when it ended, as a month and a year (SII-3.1a)."""

    ended_on = forms.CharField(
        required=False, max_length=40, widget=forms.TextInput(attrs={"class": "w-s", "autocomplete": "off"})
    )

    def clean_ended_on(self) -> str:
        text: str = self.cleaned_data["ended_on"].strip()
        if not text:
            return ""
        found = validators.month(text)
        if found is None or found > clock.now().date():
            raise ValidationError(_("Write a month and year, for example “March 2026”."))
        return f"{found:%B %Y}"


class CompanyForm(_Ending):
    """One relationship; no amounts are asked (SII-3.1a to 3.1c). What an answer makes needless is ignored."""

    company = forms.CharField(
        max_length=250, widget=forms.TextInput(attrs={"autocomplete": "off", "list": "companies"})
    )
    nature = forms.ChoiceField()
    going_on = forms.ChoiceField(widget=Choices(inline=True))
    traded = forms.ChoiceField(required=False, widget=Choices)
    field_order = ["company", "nature", "traded", "going_on", "ended_on"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        company, nature, traded, going_on, ended_on = (self.fields[name] for name in self.field_order)
        company.label, company.help_text = _("Company"), _("Start typing. If it isn’t listed, write the name in full.")
        company.error_messages["required"] = _("Write the company’s name in full.")
        nature.label, nature.error_messages["required"] = _("What was it?"), _("Choose what it was.")
        nature.choices = [("", _("Choose one")), *Nature.choices]  # type: ignore[attr-defined]
        traded.label, traded.show_optional = _("Is the company privately held?"), False  # type: ignore[attr-defined]
        traded.help_text = _("Leave out stock held through a diversified mutual fund or a pension plan.")
        traded.choices = [
            (Traded.PRIVATE, _("Yes, privately held")),
            (Traded.PUBLIC, _("No, publicly traded")),
            (Traded.UNKNOWN, _("I don’t know")),
        ]  # type: ignore[attr-defined]
        going_on.label, going_on.error_messages["required"] = (
            _("Is it still going on?"),
            _("Say whether it is still going on."),
        )
        going_on.choices = [(GOES_ON, _("Yes")), (ENDED, _("No, it ended"))]  # type: ignore[attr-defined]
        ended_on.label = _("Ended")

    @property
    def is_blank(self) -> bool:
        return not any(str(self[name].value() or "").strip() for name in self.fields)

    def clean_company(self) -> str:
        return validators.company_name(self.cleaned_data["company"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("nature") in NEEDS_TRADED and not data.get("traded"):
            self.add_error(
                "traded", _("Say whether the company is privately held. It decides whether stock makes you an owner.")
            )
        return data

    def declared(self) -> Declared:
        data = self.cleaned_data
        ended = data["going_on"] == ENDED
        return Declared(data["company"], data["nature"], ended, data["ended_on"] if ended else "", data["traded"])


class EarlierForm(_Ending):
    """One relationship on file: still true, ended, or changed. `change` is the form behind "It changed"."""

    state = forms.ChoiceField(widget=Choices(inline=True))

    def __init__(self, *args: Any, relationship: Relationship, change: CompanyForm, months: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.relationship, self.change = relationship, change
        state, ended_on = self.fields["state"], self.fields["ended_on"]
        company = {"company": relationship.company.name}
        state.label, state.error_messages["required"] = (
            _("Still true?"),
            _("Say whether %(company)s is still true.") % company,
        )
        ending = [] if relationship.ended else [(ENDED, _("It ended"))]
        state.choices = [(SAME, _("Still true")), *ending, (CHANGED, _("It changed"))]  # type: ignore[attr-defined]
        ended_on.label, ended_on.help_text = (
            _("When did it end?"),
            _("We ask about the last %(n)d months, so it stays listed that long.") % {"n": months},
        )

    @property
    def is_changed(self) -> bool:
        return bool(self["state"].value() == CHANGED)

    def declared(self) -> Declared:
        row = self.relationship
        if self.is_changed:
            return self.change.declared()
        if self.cleaned_data["state"] == ENDED:
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
        self._data, self._words = data, words
        action = data.get("action", "send") if data is not None else ""
        self.is_sent = action == "send"
        self.shows_all = False
        self.numbers = _numbers(data, action)
        self.main = self._make(
            AnswerForm,
            None,
            {"attested_name": name} | ({"answer": Answer.SOME} if action == "add" else {}),
            words=words,
            on_file=bool(on_file),
        )
        self.rows = [self._make(CompanyForm, f"c{n}") for n in self.numbers]
        self.earlier = [self._earlier(row) for row in on_file]
        if action == "add":
            self.rows[-1].fields["company"].widget.attrs["autofocus"] = True

    def _make(self, kind: type[F], prefix: str | None, initial: dict[str, Any] | None = None, **kwargs: Any) -> F:
        """Bound when the page was sent; before that, filled with what is typed so far and without complaints."""
        if self._data is None or self.is_sent:
            return kind(self._data, prefix=prefix, initial=initial, **kwargs)
        typed = {n: v for n in kind.base_fields if (v := self._data.get(f"{prefix}-{n}" if prefix else n)) is not None}
        return kind(
            prefix=prefix,
            initial=typed | {k: v for k, v in (initial or {}).items() if k == "answer" or k not in typed},
            **kwargs,
        )

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
        if self.main.cleaned_data.get("answer") == Answer.SOME:
            counted = filled or self.rows[:1]
        else:
            counted = []
            if filled:
                self.shows_all = True
                self.main.add_error(
                    "answer", _("You named a company below. Choose the other answer, or remove the company.")
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
        return [line for form in self.forms if form.is_bound for line in form.error_list] if self.is_sent else []

    def relationships(self) -> list[Declared]:
        """What is declared: the rows on file as answered, and the new ones."""
        return [form.declared() for form in self._counted]


def _numbers(data: QueryDict | None, action: str) -> list[int]:
    found = [int(n) for n in data.getlist("row") if n.isdecimal()][:MAX_ROWS] if data is not None else []
    if action.startswith("remove-"):
        found = [n for n in found if str(n) != action.removeprefix("remove-")]
    if action == "add" and len(found) < MAX_ROWS:
        found.append(max(found, default=0) + 1)
    return found or [1]


def _unchecked(form: CompanyForm) -> CompanyForm:
    """The same row with what was typed, but unbound."""
    return CompanyForm(prefix=form.prefix, initial={name: form[name].value() for name in form.fields})
