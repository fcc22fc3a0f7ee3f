"""What the editors of all sections share: the forms of one request, what was typed, what a button asks for.

Every button of a section sits in the same <form>, so pressing any of them saves everything typed; adding, moving
and removing are acts of their own on top of that. What was typed into a small form beside them is taken along too,
or given back with a sentence, whichever button was pressed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import QueryDict
from django.utils.translation import gettext as _

from activities.domain import applications, sections
from activities.domain.plan import Plan
from activities.enums import Section
from common.actors import Actor
from common.errors import Conflict, DomainError


@dataclass(frozen=True)
class Outcome:
    """What an act came to: `ok` or stay and show the errors; where to land; what can be taken back."""

    ok: bool = True
    anchor: str = ""
    undo: str = ""
    opened: str = ""  # the line of a list that shows its form
    message: str = ""


class Editor:
    """The forms of one section, for one request."""

    section: ClassVar[Section]
    template: ClassVar[str] = "activities/partials/_section_form.html"
    lead: ClassVar[Any] = ""
    autosaves: ClassVar[bool] = True
    own_summary: ClassVar[bool] = False  # several forms: the page lists their errors together

    def __init__(
        self, plan: Plan, actor: Actor, data: QueryDict | None = None, opened: str = "", files: Any = None
    ) -> None:
        self.plan, self.actor, self.data, self.opened, self.files = plan, actor, data, opened, files
        # Without the mark the data is a lone button (undo): there is nothing typed to save.
        self.typed = data if data is not None and "sent" in data else None
        # The button that was pressed; "" while the page saves as one writes, when small forms are left alone.
        self.action = self.field("action")
        self.notes: list[str] = []  # what was taken along, for the reader
        self.build()

    def build(self) -> None:
        """Make the forms, bound when data came."""

    def save(self) -> bool:
        """Store every valid answer; whether all were."""
        return True

    def forms(self) -> list[Any]:
        """Those whose errors the summary lists."""
        return []

    def act(self, action: str) -> Outcome:
        """Save what was typed, then do what the button says: `add`, `remove:12`, `up:12` … or only save."""
        name, _colon, argument = action.partition(":")
        try:
            saved = self.save()
            saved = saved and self.take_along()
            act = {"answer": self._answer, **self.actions()}.get(name)
            return act(argument) if act and saved else Outcome(saved, opened=self.opened)
        except DomainError as error:
            return self.refused(error)

    def take_along(self) -> bool:
        """Keep what stands in a small form whose own button was not pressed; False gives it back, and nothing more is done."""
        for request in self.plan.open_requests:
            text = self.field(f"r{request.pk}-answer")
            if self.action and text and text != request.answer and request.section == self.section:
                applications.answer_request(request_id=request.pk, text=text, **self.keys)
        return True

    def _answer(self, argument: str) -> Outcome:
        """The answer was kept already; one left empty is said where it is missing."""
        if not self.field(f"r{argument}-answer"):
            raise Conflict(_("Your answer is empty. Say what you changed, or why it stays as it is."))
        return Outcome(anchor=f"request-{argument}")

    def actions(self) -> Mapping[str, Callable[[str], Outcome]]:
        return {}

    def refused(self, error: DomainError) -> Outcome:
        form = next(iter(self.forms()), None)
        if form is None or error.status != 400:
            raise error
        form.is_valid()
        form.add_domain_error(error)
        return Outcome(ok=False)

    def undo_text(self, kind: str, pk: str) -> str:
        """What was removed, for the undo bar; "" when there is nothing to take back."""
        return ""

    def context(self) -> dict[str, Any]:
        return {}

    def field(self, name: str) -> str:
        """What was typed into a field that belongs to no form."""
        return str(self.data.get(name, "")).strip() if self.data is not None else ""

    @property
    def keys(self) -> dict[str, Any]:
        return {"activity_id": self.plan.activity.pk, "by": self.actor}

    @property
    def error_list(self) -> list[Any]:
        return [line for form in self.forms() if form.is_bound for line in form.error_list]


class ColumnsEditor(Editor):
    """A section that is one form on columns of the activity."""

    form_class: ClassVar[type[Any]]

    def build(self) -> None:
        self.form = self.form_class(self.typed, instance=self.plan.activity)

    def forms(self) -> list[Any]:
        return [self.form]

    def save(self) -> bool:
        answers = self.form.answers()
        if answers:
            sections.save_section(section=self.section, values=answers, **self.keys)
        return fine(self.form)

    def context(self) -> dict[str, Any]:
        return {"form": self.form}


def fine(form: Any) -> bool:
    """Nothing wrong in it; a form that was not sent has nothing to be wrong."""
    return not form.is_bound or bool(form.is_valid())


def number(text: str) -> int:
    if not text.isdecimal():
        raise DomainError("That button is out of date. Reload the page.")
    return int(text)
