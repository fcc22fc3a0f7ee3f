"""The transition table of what has to be told to boards: code, database trigger, docs and tests all read it."""

from common.workflow import Transition, Workflow
from reporting.enums import ReportStatus as S

# `drop` and `revive` follow from what becomes of the claim; the rest is what the office writes down.
CREDIT_REPORT = Workflow(
    "report",
    S,
    (
        Transition("send", {S.TO_SEND}, S.SENT, perm="accounts.office"),
        Transition("unsend", {S.SENT}, S.TO_SEND, perm="accounts.office"),
        Transition("accept", {S.SENT}, S.ACCEPTED, perm="accounts.office"),
        Transition("reject", {S.SENT}, S.REJECTED, perm="accounts.office"),
        Transition("reopen", {S.ACCEPTED, S.REJECTED}, S.SENT, perm="accounts.office"),
        Transition("again", {S.REJECTED}, S.TO_SEND, perm="accounts.office"),
        Transition("drop", {S.TO_SEND, S.REJECTED}, S.DROPPED),
        Transition("revive", {S.DROPPED}, S.TO_SEND),
    ),
)
