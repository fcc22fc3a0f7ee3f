"""The disclosure on one page: an answer, what is on file, new companies, a signature. Everything typed is kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from common import clock
from common.forms import ErrorLine, PortalForm
from common.widgets import Choices
from integrity import validators
from integrity.domain.disclosures import NEEDS_TRADED, Declared, Wording
from integrity.enums import Answer, Eligibility, Nature, Traded
from integrity.models import Relationship

ON, ENDED = "yes", "ended"
SAME, CHANGED = "same", "changed"
MAX_ROWS = 40


class AnswerForm(PortalForm):
    """None or some, and the signature (SII-3.1d, 3.1e)."""

    answer = forms.ChoiceField(widget=Choices)
    attested_name = forms.CharField(max_length=250, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    def __init__(self, *args: Any, words: Wording, on_file: bool, **kwargs: Any) -> None:
        self.base_fields["attested_name"].widget.attrs["class"] = "w-m"
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

    ended_on = forms.CharField(required=False, max_length=40, widget=forms.TextInput(attrs={"class": "w-s", "autocomplete": "off"}))

    def clean_ended_on(self) -> str:
        text: str = self.cleaned_data["ended_on"].strip()
        if not text:
            return ""
        found = validators.month(text)
        if found is None or found > clock.now().date():
            raise ValidationError(_("Write a month and year, for example “March 2026”."))
        return f"{found:%B %Y}"


class CompanyForm(_Ending):
    """One relationship. What depends on an answer is asked once that answer is known."""

    company = forms.CharField(max_length=250, widget=forms.TextInput(attrs={"autocomplete": "off", "list": "companies"}))
    nature = forms.ChoiceField()
    going_on = forms.ChoiceField(widget=Choices(inline=True))
    traded = forms.ChoiceField(required=False, widget=Choices)
    field_order = ["company", "nature", "traded", "going_on", "ended_on"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        f = self.fields
        f["company"].label, f["company"].help_text = _("Company"), _("Start typing. If it isn’t listed, write the name in full.")
        f["nature"].label, f["nature"].choices = _("What was it?"), [("", _("Choose one")), *Nature.choices]  # type: ignore[attr-defined]
        f["traded"].label = _("Is the company privately held?")
        f["traded"].help_text = _("Stock held through a diversified mutual fund or a pension plan need not be listed.")
        f["traded"].choices = [(Traded.PRIVATE, _("Yes, privately held")), (Traded.PUBLIC, _("No, its stock is publicly traded")), (Traded.UNKNOWN, _("I don’t know"))]  # type: ignore[attr-defined]
        f["traded"].show_optional = False  # type: ignore[attr-defined]
        f["going_on"].label, f["going_on"].choices = _("Is it still going on?"), [(ON, _("Yes")), (ENDED, _("No, it ended"))]  # type: ignore[attr-defined]
        f["ended_on"].label = _("Ended")
        f["company"].error_messages["required"] = _("Write the company’s name in full.")
        f["nature"].error_messages["required"] = _("Choose what it was.")
        f["going_on"].error_messages["required"] = _("Say whether it is still going on.")

    @property
    def asks_traded(self) -> bool:
        return self["nature"].value() in NEEDS_TRADED

    @property
    def asks_ended_on(self) -> bool:
        return self["going_on"].value() == ENDED

    @property
    def is_blank(self) -> bool:
        return not any(str(self[name].value() or "").strip() for name in self.fields)

    def clean_company(self) -> str:
        return validators.company_name(self.cleaned_data["company"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("nature") in NEEDS_TRADED and not data.get("traded"):
            self.add_error("traded", _("Say whether the company is privately held. It decides whether stock makes you an owner."))
        return data

    def declared(self) -> Declared:
        data = self.cleaned_data
        ended = data["going_on"] == ENDED
        return Declared(data["company"], data["nature"], ended, data["ended_on"] if ended else "", data["traded"] if data["nature"] in NEEDS_TRADED else "")


class EarlierForm(_Ending):
    """One relationship on file: still true, ended, or changed."""

    state = forms.ChoiceField(widget=Choices(inline=True))

    def __init__(self, *args: Any, relationship: Relationship, months: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.relationship = relationship
        state = self.fields["state"]
        state.label = _("%(company)s: is it still true?") % {"company": relationship.company.name}
        state.choices = [(SAME, _("Still true")), (ENDED, _("It ended")), (CHANGED, _("It changed"))]  # type: ignore[attr-defined]
        if relationship.ended:
            state.choices = [(SAME, _("Still true")), (CHANGED, _("It changed"))]  # type: ignore[attr-defined]
        state.error_messages["required"] = _("Say whether %(company)s is still true.") % {"company": relationship.company.name}
        ended_on = self.fields["ended_on"]
        ended_on.label = _("When did it end?")
        if end := validators.month(str(self["ended_on"].value() or "")):
            until = validators.months_later(end, months)
            ended_on.help_text = _("We ask about the last %(n)d months, so this one stays listed until %(month)s.") % {"n": months, "month": f"{until:%B %Y}"}

    @property
    def asks_ended_on(self) -> bool:
        return self["state"].value() == ENDED

    @property
    def is_changed(self) -> bool:
        return self["state"].value() == CHANGED

    def declared(self) -> Declared:
        row = self.relationship
        if self.cleaned_data["state"] == ENDED:
            return Declared(row.company.name, row.nature, True, self.cleaned_data["ended_on"], row.traded)
        return Declared(row.company.name, row.nature, row.ended, row.ended_on, row.traded)


class Sheet:
    """The whole page. `action` is the button pressed: "send", "add", "remove-3", or "show" when a choice asks for more.

    Rows are numbered by hidden fields, so one can be added or taken out without a script and nothing typed moves.
    """

    prefix = "disclosure"

    def __init__(self, *, data: QueryDict | None, words: Wording, on_file: list[Relationship], name: str) -> None:
        self.data = data
        self.words = words
        numbers = [int(n) for n in data.getlist("row") if n.isdecimal()][:MAX_ROWS] if data else []
        action = data.get("action", "send") if data else ""
        kinds = {"state": SAME}
        self.earlier = [
            EarlierForm(data, prefix=f"e{row.pk}", relationship=row, months=words.months, initial={} if row.ended else {"ended_on": ""} | ({} if data else {}))
            for row in on_file
        ]
        del kinds
        values: Mapping[str, Any] | None = data
        if data is not None:
            data = data.copy()
            for form in [f for f in self.earlier if f.is_changed]:
                numbers.append(self._reopen(data, form, numbers))
            self.earlier = [f for f in self.earlier if not f.is_changed]
            if action.startswith("remove-"):
                numbers = [n for n in numbers if str(n) != action.removeprefix("remove-")]
            if action == "add" or (data.get("answer") == Answer.SOME and not numbers and action != "send"):
                data["answer"] = Answer.SOME
                if len(numbers) < MAX_ROWS:
                    numbers.append(max(numbers, default=0) + 1)
            values = data
        self.main = AnswerForm(values, words=words, on_file=bool(on_file), initial={"attested_name": name})
        self.rows = [CompanyForm(values, prefix=f"c{n}") for n in numbers]
        self.numbers = numbers
        self.is_sent = action == "send"
