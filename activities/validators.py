"""What a good gap and a good objective look like: warnings for the writer, never a refusal while drafting."""

import re

from django.utils.translation import gettext as _

from activities.enums import CheckInWay

# VOC-GAP: "need for update" says what we want to do, not what is wrong in practice.
_UPDATE_ONLY = re.compile(
    r"\b(need(s|ed)?\s+(for|of|an?)?\s*(an?\s+)?(update|refresher|review|overview)|updates?\s+(on|in|about)|stay\s+current|keep\s+(up|abreast))\b",
    re.IGNORECASE,
)
# APP-5: nobody can see somebody understand.
_UNSEEN_VERBS = (
    "understand",
    "know",
    "appreciate",
    "learn",
    "be aware",
    "be familiar",
    "become familiar",
    "grasp",
    "realize",
    "believe",
    "gain",
)
_UNSEEN = re.compile(rf"^\W*(to\s+|better\s+|be able to\s+)*({'|'.join(_UNSEEN_VERBS)})\b", re.IGNORECASE)


def lint_gap(text: str) -> str:
    """A sentence when the text names a wish for teaching instead of a practice (VOC-GAP); "" when it is fine."""
    if _UPDATE_ONLY.search(text):
        return _(
            "“Need for an update” says what to teach, not what goes wrong. Say what clinicians do now, with a number if there is one."
        )
    return ""


def lint_objective(text: str) -> str:
    """A sentence when an objective begins with a verb that nobody can observe (APP-5); "" when it is fine."""
    found = _UNSEEN.match(text)
    if found:
        verb = found.group(2).lower()
        return _(
            "“%(verb)s” can’t be observed. Say what the learner will do, for example “choose”, “start”, “hand over”."
        ) % {"verb": verb.capitalize()}
    return ""


def usual_ways() -> list[str]:
    """How people may check in unless the office says otherwise: every way but the learner's own statement."""
    return [way.value for way in CheckInWay if way != CheckInWay.SELF]
