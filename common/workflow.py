"""State machines: one table per model feeds the code, the database trigger, the docs and the tests."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import pgtrigger
from django.db import models

from common import locks
from common.actors import Actor
from common.errors import Conflict, NotAllowed


@dataclass(frozen=True)
class Transition:
    """One allowed move: `verb` from any of `sources` to `target`; `perm` is the rule that must hold, if a person acts."""

    verb: str
    sources: frozenset[str]
    target: str
    perm: str = ""

    def __init__(self, verb: str, sources: Iterable[str], target: str, perm: str = "") -> None:
        object.__setattr__(self, "verb", verb)
        object.__setattr__(self, "sources", frozenset(str(s) for s in sources))
        object.__setattr__(self, "target", str(target))
        object.__setattr__(self, "perm", perm)


class Workflow:
    """The table of a model's transitions.

    `apply` is the only door that changes the status in code; `trigger` refuses every other change in the
    database, `QuerySet.update` and raw SQL included.
    """

    def __init__(self, name: str, states: type[models.TextChoices], transitions: Iterable[Transition]) -> None:
        self.name = name
        self.states = states
        self.transitions = tuple(transitions)
        self._by_verb = {t.verb: t for t in self.transitions}
        if len(self._by_verb) != len(self.transitions):
            raise ValueError(f"{name}: a verb stands twice in the table")

    def __getitem__(self, verb: str) -> Transition:
        return self._by_verb[verb]

    def verbs_from(self, state: str) -> tuple[str, ...]:
        """What can be done to an object in this state, in the order of the table."""
        return tuple(t.verb for t in self.transitions if state in t.sources)

    def can(self, obj: models.Model, verb: str) -> bool:
        return obj.status in self[verb].sources  # type: ignore[attr-defined]

    def apply(self, obj: models.Model, verb: str, *, by: Actor, at: dt.datetime, reason: str = "") -> None:
        """Set the new status on a locked row and log the move; the caller saves.

        Raises Conflict when the state does not allow the verb, NotAllowed when the actor may not.
        """
        locks.require_transaction()
        from common.models import TransitionLog

        transition = self[verb]
        old = obj.status  # type: ignore[attr-defined]
        if old not in transition.sources:
            word = self.states(old).label.lower()
            raise Conflict(
                f"This cannot be done while the {self.name} is {word}. Reload the page to see where it stands."
            )
        if transition.perm and by.kind == "user" and not _may(by, transition.perm, obj):
            raise NotAllowed("Your role does not allow this step. The CME office can do it.")
        obj.status = transition.target  # type: ignore[attr-defined]
        TransitionLog.objects.create(
            subject_type=obj._meta.label_lower, subject_id=obj.pk, workflow=self.name, verb=verb, old=old,
            new=transition.target, actor_kind=by.kind, actor_id=by.person_id, actor_label=by.label, at=at, reason=reason,
        )  # fmt: skip

    def pairs(self) -> list[tuple[str, str]]:
        """Every (old, new) status the database allows."""
        return sorted({(s, t.target) for t in self.transitions for s in t.sources if s != t.target})

    def trigger(self) -> pgtrigger.FSM:
        return pgtrigger.FSM(name=f"{self.name}_status", field="status", transitions=self.pairs())

    def as_markdown(self) -> str:
        """The table for docs/domain/states.md."""
        rows = [f"## {self.name.capitalize()}", "", "| verb | from | to | rule |", "| --- | --- | --- | --- |"]
        for t in self.transitions:
            rows.append(f"| {t.verb} | {', '.join(sorted(t.sources))} | {t.target} | {t.perm or '–'} |")
        return "\n".join(rows) + "\n"


def _may(by: Actor, perm: str, obj: models.Model) -> bool:
    import rules

    return bool(rules.has_perm(perm, by, obj))
