"""The words for check-ins that stand out: what happened, why the page says so, and what it may well be."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activities.domain.looking import Found, limits

KINDS = {
    "device": gettext_lazy("One browser"), "burst": gettext_lazy("Many at once"), "crowd": gettext_lazy("More than expected"),
    "time": gettext_lazy("Outside of the hours"), "guess": gettext_lazy("Wrong codes"),
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    title: str
    why: str


def words(row: Found) -> Words:
    """One signal in a sentence, and what it often is."""
    n = row.signal.size
    if row.signal.kind == "device":
        return Words(
            ngettext("%(n)d person checked in on one browser", "%(n)d people checked in on one browser", n) % {"n": n},
            _("Often a phone or tablet that went round, with people who signed in one after the other."),
        )
    if row.signal.kind == "burst":
        return Words(
            ngettext(
                "%(n)d person checked in within seconds", "%(n)d people checked in within seconds of each other", n
            )
            % {"n": n},
            _("Well after the beginning. Often the speaker showed the code again at the end."),
        )
    if row.signal.kind == "crowd":
        return Words(
            _("%(n)d people checked in by code, %(places)s expected") % {"n": n, "places": row.places},
            _("Often the number in the application is out of date."),
        )
    if row.signal.kind == "time":
        return Words(
            ngettext(
                "%(n)d person checked in outside of the session", "%(n)d people checked in outside of the session", n
            )
            % {"n": n},
            _(
                "More than %(n)d minutes after its end, or before check-in opened. Often the session ran late or was moved."
            )
            % {"n": limits().late_minutes},
        )
    return Words(
        ngettext("%(n)d wrong code was tried", "%(n)d wrong codes were tried", n) % {"n": n},
        _(
            "Often somebody types the code of another session again and again. After ten in ten minutes the portal waits."
        ),
    )
