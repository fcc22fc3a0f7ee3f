"""What learners are told before they engage (SII-3.5), made from data only: presence, mitigation, absence."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection
from django.utils import translation

from accounts.models import Person
from activities.models import Activity, DisclosureDelivery, Session
from common import clock, locks, statements
from integrity.domain import standing
from integrity.domain.disclosures import max_age
from integrity.domain.standing import RoleStanding
from integrity.enums import CLEARED, Standing
from integrity.models import DisclosureText, Relationship

# Ours, for the time before the session gate is green; a learner at an open session never reads it.
PENDING = "Others who will teach have yet to disclose. Their disclosures will stand here before their session begins."


@dataclass(frozen=True)
class Line:
    """One relevant relationship: company by name only, no product, no amount (SII-3.5b)."""

    name: str
    role: str
    company: str
    nature: str


@dataclass(frozen=True)
class DisclosureBlock:
    """The disclosure of an activity or session. `is_ready` once everybody in control of content is cleared.

    `text` is what is kept as evidence, `sha256` names it; a learner's POST carries the hash (decision 17).
    """

    rows: tuple[Line, ...]
    mitigated_sentence: str
    others_sentence: str
    none_sentence: str
    pending_sentence: str
    is_ready: bool
    text: str
    sha256: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """What stands under the table, in order."""
        given = (self.mitigated_sentence, self.others_sentence, self.none_sentence, self.pending_sentence)
        return tuple(s for s in given if s)


def block(
    activity: Activity, session: Session | None = None, *, standings: Sequence[RoleStanding] | None = None
) -> DisclosureBlock:
    """The block for a session (its people and those of the whole activity) or for the activity.

    Relationships judged not relevant never appear (SII-3.5c). `standings` may be given when they are computed. Without
    them the block is made once for a hall that reads it at the same time, and anew when anything it rests on changed.
    """
    if standings is not None:
        about = session.pk if session else None
        return _made([s for s in standings if about is None or s.role.session_id in {None, about}])
    key = _key(activity, session)
    found: DisclosureBlock | None = cache.get(key)
    if found is None:
        found = _made(standing.for_activity(activity, session=session))
        cache.set(key, found, KEPT_SECONDS)
    return found


def _made(standings: Sequence[RoleStanding]) -> DisclosureBlock:
    rows = _rows(standings)
    everybody = {s.role.person_id for s in standings}
    listed = {s.role.person_id for s in standings if any(t.verdict == Standing.CLEARED_MITIGATED for t in s.ties)}
    is_ready = bool(standings) and all(s.standing in CLEARED for s in standings)
    mitigated = statements.body("SII-3.5-mitigated") if rows else ""
    others = statements.body("SII-3.5-others") if is_ready and rows and everybody - listed else ""
    none = statements.body("SII-3.5-none") if is_ready and not rows else ""
    pending = "" if is_ready else PENDING
    lines = [f"{r.name} | {r.role} | {r.company} | {r.nature}" for r in rows]
    text = "\n".join([*lines, *(s for s in (mitigated, others, none, pending) if s)])
    return DisclosureBlock(
        rows, mitigated, others, none, pending, is_ready, text, hashlib.sha256(text.encode()).hexdigest()
    )


# Everything that standings and lines are made from, as the tables have it now, told by one hash in one query.
_STATE = """
WITH held AS (
    SELECT id, person_id, role, session_id FROM activities_activityrole
    WHERE activity_id = %(activity)s AND removed_at IS NULL AND controls_content
), told AS (SELECT * FROM integrity_disclosure WHERE person_id IN (SELECT person_id FROM held)),
tie AS (SELECT * FROM integrity_relationship WHERE disclosure_id IN (SELECT id FROM told))
SELECT md5(concat_ws('#',
    (SELECT concat_ws(',', status, approved_at) FROM activities_activity WHERE id = %(activity)s),
    (SELECT string_agg(concat_ws(',', id, starts_at, ends_at, status), ';' ORDER BY id)
       FROM activities_session WHERE activity_id = %(activity)s AND removed_at IS NULL),
    (SELECT string_agg(h::text, ';' ORDER BY id) FROM held h),
    (SELECT string_agg(ROW(id, given_name, family_name, degrees)::text, ';' ORDER BY id)
       FROM accounts_person WHERE id IN (SELECT person_id FROM held)),
    (SELECT string_agg(concat_ws(',', id, person_id, submitted_at, answer, submitted_at < %(oldest)s), ';' ORDER BY id) FROM told),
    (SELECT string_agg(t::text, ';' ORDER BY id) FROM tie t),
    (SELECT string_agg(c::text, ';' ORDER BY id) FROM integrity_company c WHERE id IN (SELECT company_id FROM tie)),
    (SELECT string_agg(d::text, ';' ORDER BY id) FROM integrity_relevancedecision d WHERE activity_id = %(activity)s),
    (SELECT string_agg(e::text, ';' ORDER BY id) FROM integrity_exclusionexception e WHERE activity_id = %(activity)s),
    (SELECT string_agg(m::text, ';' ORDER BY id) FROM integrity_mitigationaction m WHERE activity_id = %(activity)s)
))"""
KEPT_SECONDS = 120


def _key(activity: Activity, session: Session | None) -> str:
    """Where the block is kept: another key as soon as a fact, the wording or the language is another.

    That a disclosure grew too old is one of the facts, though no row changes at that moment (SII-3.1h).
    """
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"activity": activity.pk, "oldest": clock.now() - max_age()})
        state = cursor.fetchone()[0]
    words = "".join(statements.body(f"SII-3.5-{code}") for code in ("mitigated", "others", "none"))
    facts = f"{state}|{session.pk if session else ''}|{words}|{max_age()}|{translation.get_language()}"
    return f"disclosure:{activity.pk}:{hashlib.sha256(facts.encode()).hexdigest()}"


def _rows(standings: Sequence[RoleStanding]) -> tuple[Line, ...]:
    """One line per person and relationship, with all of the person's roles; only what is mitigated in every role."""
    roles: dict[int, list[str]] = {}
    found: dict[standing.Key, tuple[Person, Relationship]] = {}
    unsettled: set[standing.Key] = set()
    for item in standings:
        names = roles.setdefault(item.role.person_id, [])
        if (name := item.role.get_role_display()) not in names:
            names.append(name)
        for tie in item.ties:
            same = standing.key(tie.relationship)
            if tie.verdict == Standing.CLEARED_MITIGATED:
                found.setdefault(same, (item.role.person, tie.relationship))
            else:
                unsettled.add(same)
    return tuple(
        Line(person.name_with_degrees, ", ".join(roles[person.pk]), tie.company.name, nature(tie))
        for same, (person, tie) in found.items()
        if same not in unsettled
    )


def nature(tie: Relationship) -> str:
    """ "Consultant", "Consultant (ended March 2026)"."""
    word = tie.get_nature_display()
    return f"{word} ({f'ended {tie.ended_on}' if tie.ended_on else 'ended'})" if tie.ended else word


def record_delivery(
    *, activity: Activity, session: Session | None, person: Person, sha: str, channel: str, at: dt.datetime
) -> bool:
    """Keep that a learner acted on a page with this disclosure, in the caller's transaction (SII-3.5d, 3.5e).

    False, and nothing kept, when the hash is not that of the disclosure as it is now: the page shows it again.
    """
    locks.require_transaction()
    now = block(activity, session)
    if not now.is_ready or sha != now.sha256:
        return False
    DisclosureText.objects.get_or_create(sha256=sha, defaults={"text": now.text, "first_shown_at": at})
    same = {"activity": activity, "session": session, "person": person, "text_hash": sha}
    if not DisclosureDelivery.objects.filter(**same).exists():
        DisclosureDelivery.objects.create(**same, channel=channel, at=at)
    return True
