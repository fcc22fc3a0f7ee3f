"""People who may be one person: looked for every night and on demand, each pair with its reasons (law 9).

Nobody is compared with everybody. A pair is looked at when both stand in one small block: the same address, number or
licence, or alike names with something else in common. Blocks of more than `MOST_IN_BLOCK` are left out, because what so
many share tells nobody apart; so the work grows with the number of people, whatever their names are. One statement makes
the pairs, `score` weighs each; a name that many have weighs little.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection, transaction
from django.db.models import Q

from accounts.enums import NumberKind, SuggestionState
from accounts.models import DuplicateSuggestion, Person
from accounts.models.person import NAME_COMPARED
from common import clock, locks

MOST_IN_BLOCK = 12
RARE_DOMAIN = 50  # a mail domain of more people than this is no clue
SHOW_FROM = 60
STRONG_FROM = 85
SHOW_ONE_FROM = 40  # somebody who asks about one person reads weaker pairs too
MOST_ALIKE = 30
CHUNK = 2000

# Letters with marks, small and capital → without, so that Wójcik and Wojcik meet, whatever the database's locale folds.
_SMALL = dict(
    zip(
        "áàâäãåāăąćčçďđéèêëēėęěğíìîïīįıłľñńňóòôöõøōőŕřśšşșťţúùûüūůűųýÿžźżæœßþð",
        "aaaaaaaaacccddeeeeeeeegiiiiiiillnnnoooooooorrssssttuuuuuuuuyyzzzaostd",
        strict=True,
    )
)
_FOLDED = _SMALL | {k.upper(): v for k, v in _SMALL.items() if len(k.upper()) == 1 and not k.upper().isascii()}
_MARKED, _PLAIN = "".join(_FOLDED), "".join(_FOLDED.values())


@dataclass(frozen=True)
class Clues:
    """What two people have in common and what tells them apart, as the database found it."""

    low: int
    high: int
    same_email: str = ""
    same_phone: str = ""
    same_number: str = ""
    same_licence: str = ""
    name_likeness: float = 0.0
    same_words: bool = False
    namesakes: float = 1.0  # how many others of this name chance alone would give
    same_profession: bool = False
    other_profession: bool = False
    same_specialty: bool = False
    same_department: bool = False
    same_domain: str = ""
    same_local: str = ""
    same_birthday: bool = False
    other_birthday: bool = False
    other_npi: bool = False
    other_licence: bool = False


@dataclass(frozen=True)
class Reason:
    """One clue that weighs, as a sentence."""

    key: str
    points: int
    text: str


def score(clues: Clues) -> tuple[int, list[Reason]]:
    """How probable it is that two people are one, from 0 to 100, and why; what speaks against it included.

    Pure. Numbers that others give to one person weigh most, then addresses; a name weighs by how rare it is.
    """
    found = [*_identifiers(clues), *_names(clues), *_circumstances(clues), *_contradictions(clues)]
    total = sum(reason.points for reason in found)
    return max(0, min(100, total)), sorted(found, key=lambda r: (-r.points, r.key))


def _identifiers(c: Clues) -> Iterator[Reason]:
    if c.same_number:
        kind, _, value = c.same_number.partition(" ")
        yield Reason("number", 85 if kind == NumberKind.NPI else 70, f"Same {NumberKind(kind).label}: {value}")
    if c.same_licence:
        state, number, _kind = c.same_licence.split(" ")
        yield Reason("licence", 70, f"Same license: {state} {number}")
    if c.same_email:
        yield Reason("email", 60, f"Same e-mail address: {c.same_email}")
    if c.same_phone:
        yield Reason("phone", 45, f"Same phone: {c.same_phone}")


def _names(c: Clues) -> Iterator[Reason]:
    if c.name_likeness > 0.99 or c.same_words:
        yield Reason("name", 40, "Same name" if c.name_likeness > 0.99 else "Same names in another order")
        rare = 20 if c.namesakes < 0.02 else 12 if c.namesakes < 0.1 else 5 if c.namesakes < 0.3 else 0
        if rare:
            yield Reason("rare", rare, "The name is rare here")
    elif c.name_likeness >= 0.6:
        yield Reason("name", 32 if c.name_likeness >= 0.75 else 25, "Names alike")
        if c.namesakes < 0.02:
            yield Reason("rare", 15, "The name is rare here")
    elif c.name_likeness < 0.2:
        yield Reason("name", -25, "Names unlike each other")


def _circumstances(c: Clues) -> Iterator[Reason]:
    if c.same_department:
        yield Reason("department", 12, "Same department")
    if c.same_specialty:
        yield Reason("specialty", 8, "Same specialty")
    if c.same_profession:
        yield Reason("profession", 5, "Same profession")
    if c.same_local:
        yield Reason("local", 20, f"Both addresses begin with {c.same_local}@")
    if c.same_domain:
        yield Reason("domain", 8, f"Both addresses end with @{c.same_domain}")
    if c.same_birthday:
        yield Reason("birthday", 20, "Same birthday")


def _contradictions(c: Clues) -> Iterator[Reason]:
    if c.other_npi:
        yield Reason("npi", -60, "Different NPIs")
    if c.other_birthday:
        yield Reason("birthday", -40, "Different birthdays")
    if c.other_licence:
        yield Reason("licence", -20, "Different licenses in one state")
    if c.other_profession:
        yield Reason("profession", -15, "Different professions")


# --- looking ----------------------------------------------------------------------------------------


def look() -> int:
    """Look at everybody, keep the pairs worth a look, drop open ones that are no longer; how many are open.

    What a person dismissed stays dismissed, also for whoever the two were joined to since. Safe to repeat.
    """
    at = clock.now()
    with transaction.atomic(durable=True):
        locks.lock_key("person_merge", "look")
        decided = _decided()
        seen: list[DuplicateSuggestion] = []
        for clues in _pairs():
            points, reasons = score(clues)
            if points >= SHOW_FROM and (clues.low, clues.high) not in decided:
                seen.append(_row(clues, points, reasons, at))
        DuplicateSuggestion.objects.filter(state=SuggestionState.OPEN, asked_by_owner=False).delete()
        DuplicateSuggestion.objects.bulk_create(seen, batch_size=CHUNK, ignore_conflicts=True)
        return DuplicateSuggestion.objects.filter(state=SuggestionState.OPEN).count()


def for_person(person: Person) -> list[tuple[Person, int, list[Reason]]]:
    """Who may be the same as this person, best first: names by the trigram index, and whoever shares a number or address.

    Reads only, in two queries; whether anything of it was dismissed is the page's to say.
    """
    typed = f"{person.family_name} {person.given_name}".lower()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET LOCAL pg_trgm.similarity_threshold = 0.5")
        alike = Person.objects.annotate(compared=NAME_COMPARED).filter(
            compared__trigram_similar=typed, deactivated_at=None
        )
        ids = (
            alike.exclude(pk=person.pk)
            .order_by(TrigramSimilarity("compared", typed).desc())
            .values_list("pk", flat=True)
        )
        cursor.execute(_ONE, {"id": person.pk, "alike": list(ids[:MOST_ALIKE])})
        clues = [Clues(*row) for row in cursor.fetchall()]
    weighed = [(c.low if c.high == person.pk else c.high, *score(c)) for c in clues]
    people = Person.objects.in_bulk([pk for pk, points, _reasons in weighed if points >= SHOW_ONE_FROM])
    found = [(people[pk], points, reasons) for pk, points, reasons in weighed if pk in people]
    return sorted(found, key=lambda row: (-row[1], row[0].pk))


def _row(clues: Clues, points: int, reasons: Sequence[Reason], at: dt.datetime) -> DuplicateSuggestion:
    told = [[r.key, r.points, r.text] for r in reasons]
    return DuplicateSuggestion(low_id=clues.low, high_id=clues.high, score=points, reasons=told, found_at=at)


def _decided() -> set[tuple[int, int]]:
    """Pairs that a person settled, also as the people they were joined to since."""
    standing = dict(Person.objects.exclude(merged_into=None).values_list("pk", "merged_into_id"))

    def last(pk: int) -> int:
        while pk in standing:
            pk = standing[pk]
        return pk

    settled = DuplicateSuggestion.objects.filter(Q(state=SuggestionState.DISMISSED) | Q(asked_by_owner=True))
    found: set[tuple[int, int]] = set()
    for low, high in settled.values_list("low_id", "high_id"):
        one, other = sorted((last(low), last(high)))
        found |= {(low, high), (one, other)}
    return found


def _fold(column: str) -> str:
    """SQL of a name without marks and signs; one in letters that fold to nothing stays as it is."""
    folded = f"btrim(regexp_replace(translate(lower({column}), '{_MARKED}', '{_PLAIN}'), '[^[:alpha:]]+', ' ', 'g'))"
    return f"coalesce(nullif({folded}, ''), lower({column}))"


# The words of a name in one order, initials left out; most names are two words, which need no splitting.
_WORDS = """CASE WHEN fam !~ ' ' AND giv !~ ' ' AND length(fam) > 1 AND length(giv) > 1 THEN least(fam, giv) || ' ' || greatest(fam, giv)
  ELSE (SELECT string_agg(w, ' ' ORDER BY w) FROM regexp_split_to_table(fam || ' ' || giv, ' ') w WHERE length(w) > 1) END"""

# The part before the @ that says more than the name: not first.last, flast or the like.
_TELLING = """length(m.local) >= 5 AND regexp_replace(m.local, '[^a-z]', '', 'g') NOT IN (
  replace(p.giv || p.fam, ' ', ''), replace(p.fam || p.giv, ' ', ''), left(p.giv, 1) || replace(p.fam, ' ', ''), replace(p.fam, ' ', '') || left(p.giv, 1),
  split_part(p.giv, ' ', 1) || replace(p.fam, ' ', ''), replace(p.fam, ' ', ''), split_part(p.giv, ' ', 1))"""

# Everybody once, with what is compared; then the blocks; then the pairs of the small ones; then their clues.
_PREPARE = f"""
DROP TABLE IF EXISTS dup_person, dup_mail, dup_rare, dup_local, dup_key, dup_pair;
CREATE TEMP TABLE dup_person ON COMMIT DROP AS
SELECT id, fam, giv, fam || ' ' || giv AS full_name, profession, specialty, birth_month, birth_day,
       {_WORDS} AS words,
       (count(*) OVER (PARTITION BY fam) - 1)::float8 * (count(*) OVER (PARTITION BY split_part(giv, ' ', 1)) - 1) / count(*) OVER () AS namesakes
FROM (SELECT id, {_fold("family_name")} AS fam, {_fold("given_name")} AS giv, profession, lower(specialty) AS specialty, birth_month, birth_day
      FROM accounts_person WHERE deactivated_at IS NULL) p;

CREATE TEMP TABLE dup_mail ON COMMIT DROP AS
SELECT a.person_id AS id, a.value, split_part(split_part(a.value, '@', 1), '+', 1) AS local, split_part(a.value, '@', 2) AS domain
FROM accounts_personaddress a JOIN dup_person p ON p.id = a.person_id WHERE a.kind = 'email' AND a.removed_at IS NULL;

CREATE TEMP TABLE dup_rare ON COMMIT DROP AS
SELECT DISTINCT m.id, m.domain FROM dup_mail m
JOIN (SELECT domain FROM dup_mail GROUP BY domain HAVING count(DISTINCT id) BETWEEN 2 AND {RARE_DOMAIN}) d USING (domain);

CREATE TEMP TABLE dup_local ON COMMIT DROP AS
SELECT DISTINCT m.id, m.local FROM dup_mail m JOIN dup_person p USING (id)
WHERE {_TELLING};
CREATE UNIQUE INDEX ON dup_person (id);
CREATE INDEX ON dup_rare (id);
ANALYZE dup_person; ANALYZE dup_mail; ANALYZE dup_rare; ANALYZE dup_local;
"""  # noqa: S608 - constants of this module

_KEYS = """
  SELECT 1 AS kind, 'e ' || value AS key, id FROM dup_mail
  UNION ALL SELECT 2, 'p ' || a.value, a.person_id FROM accounts_personaddress a JOIN dup_person p ON p.id = a.person_id WHERE a.kind = 'phone' AND a.removed_at IS NULL
  UNION ALL SELECT 3, n.kind || ' ' || n.value, n.person_id FROM accounts_personnumber n JOIN dup_person p ON p.id = n.person_id WHERE n.removed_at IS NULL
  UNION ALL SELECT 4, l.state || ' ' || l.number || ' ' || l.kind, l.person_id FROM accounts_licence l JOIN dup_person p ON p.id = l.person_id WHERE l.removed_at IS NULL
  UNION ALL SELECT 5, words, id FROM dup_person
  UNION ALL SELECT 6, words || '|' || specialty || '|' || profession, id FROM dup_person WHERE specialty <> ''
  UNION ALL SELECT 7, words || '|' || d.department_id, p.id FROM dup_person p JOIN accounts_departmentmember d ON d.person_id = p.id WHERE d.removed_at IS NULL
  UNION ALL SELECT 8, left(fam, 4) || '|' || left(giv, 1) || '|' || r.domain, p.id FROM dup_person p JOIN dup_rare r USING (id)
  UNION ALL SELECT 9, left(fam, 4) || '|' || split_part(giv, ' ', 1) || '|' || profession, id FROM dup_person WHERE profession <> ''
  UNION ALL SELECT 10, right(fam, 4) || '|' || split_part(giv, ' ', 1) || '|' || profession, id FROM dup_person WHERE profession <> ''
  UNION ALL SELECT 11, fam || '|' || left(giv, 1) || '|' || profession, id FROM dup_person WHERE profession <> ''
  UNION ALL SELECT 12, local, id FROM dup_local
"""

_PAIR = f"""
CREATE TEMP TABLE dup_key ON COMMIT DROP AS
SELECT kind, key, id FROM (SELECT kind, key, id, count(*) OVER (PARTITION BY kind, key) AS n FROM ({_KEYS}) k WHERE key IS NOT NULL) k
WHERE n BETWEEN 2 AND {MOST_IN_BLOCK};
CREATE INDEX ON dup_key (kind, key, id);
ANALYZE dup_key;
CREATE TEMP TABLE dup_pair ON COMMIT DROP AS
SELECT a.id AS low, b.id AS high,
       max(a.key) FILTER (WHERE a.kind = 1) AS email, max(a.key) FILTER (WHERE a.kind = 2) AS phone,
       max(a.key) FILTER (WHERE a.kind = 3) AS number, max(a.key) FILTER (WHERE a.kind = 4) AS licence, max(a.key) FILTER (WHERE a.kind = 12) AS local
FROM dup_key a JOIN dup_key b ON b.kind = a.kind AND b.key = a.key AND b.id > a.id
GROUP BY a.id, b.id;
ANALYZE dup_pair;
"""  # noqa: S608 - constants of this module

_CLUES = """
SELECT low, high, coalesce(substr(email, 3), ''), coalesce(substr(phone, 3), ''), coalesce(number, ''), coalesce(licence, ''),
       likeness, same_words, namesakes, same_profession, other_profession, same_specialty,
       EXISTS (SELECT 1 FROM accounts_departmentmember m JOIN accounts_departmentmember n ON n.department_id = m.department_id AND n.removed_at IS NULL
               WHERE m.person_id = low AND n.person_id = high AND m.removed_at IS NULL),
       coalesce((SELECT m.domain FROM dup_rare m JOIN dup_rare n USING (domain) WHERE m.id = low AND n.id = high LIMIT 1), ''),
       coalesce(local, ''), same_birthday, other_birthday,
       EXISTS (SELECT 1 FROM accounts_personnumber m JOIN accounts_personnumber n ON n.kind = m.kind AND n.value <> m.value AND n.removed_at IS NULL
               WHERE m.person_id = low AND n.person_id = high AND m.kind = 'npi' AND m.removed_at IS NULL),
       EXISTS (SELECT 1 FROM accounts_licence m JOIN accounts_licence n ON n.state = m.state AND n.kind = m.kind AND n.number <> m.number AND n.removed_at IS NULL
               WHERE m.person_id = low AND n.person_id = high AND m.removed_at IS NULL)
FROM (
  SELECT x.*, similarity(a.full_name, b.full_name)::float8 AS likeness, coalesce(a.words = b.words, false) AS same_words,
         greatest(a.namesakes, b.namesakes) AS namesakes,
         a.profession <> '' AND a.profession = b.profession AS same_profession,
         a.profession <> '' AND b.profession <> '' AND a.profession <> b.profession AS other_profession,
         a.specialty <> '' AND a.specialty = b.specialty AS same_specialty,
         coalesce(a.birth_month = b.birth_month AND a.birth_day = b.birth_day, false) AS same_birthday,
         coalesce(a.birth_month <> b.birth_month OR a.birth_day <> b.birth_day, false) AS other_birthday
  FROM dup_pair x JOIN dup_person a ON a.id = x.low JOIN dup_person b ON b.id = x.high
) y
WHERE email IS NOT NULL OR phone IS NOT NULL OR number IS NOT NULL OR licence IS NOT NULL OR same_words OR likeness >= 0.6
"""


# The same clues for one person and a few others: the tables above as common table expressions of those people only.
_ONE = f"""
WITH candidate AS (
  SELECT unnest(%(alike)s::bigint[]) AS id
  UNION SELECT b.person_id FROM accounts_personaddress a JOIN accounts_personaddress b ON b.kind = a.kind AND b.value = a.value AND b.removed_at IS NULL
    WHERE a.person_id = %(id)s AND a.removed_at IS NULL
  UNION SELECT b.person_id FROM accounts_personnumber a JOIN accounts_personnumber b ON b.kind = a.kind AND b.value = a.value AND b.removed_at IS NULL
    WHERE a.person_id = %(id)s AND a.removed_at IS NULL
  UNION SELECT b.person_id FROM accounts_licence a JOIN accounts_licence b ON b.state = a.state AND b.kind = a.kind AND b.number = a.number AND b.removed_at IS NULL
    WHERE a.person_id = %(id)s AND a.removed_at IS NULL
), frequency AS (
  SELECT (SELECT count(*) - 1 FROM accounts_person p WHERE upper(p.family_name) = upper(m.family_name))::float8
       * (SELECT count(*) - 1 FROM accounts_person p WHERE upper(p.given_name) = upper(m.given_name)) / (SELECT count(*) FROM accounts_person) AS namesakes
  FROM accounts_person m WHERE m.id = %(id)s
), dup_person AS (
  SELECT p.*, fam || ' ' || giv AS full_name, {_WORDS} AS words, frequency.namesakes
  FROM (SELECT id, {_fold("family_name")} AS fam, {_fold("given_name")} AS giv, profession, lower(specialty) AS specialty, birth_month, birth_day
        FROM accounts_person WHERE deactivated_at IS NULL AND (id = %(id)s OR id IN (SELECT id FROM candidate))) p, frequency
), dup_mail AS (
  SELECT a.person_id AS id, a.kind, a.value, split_part(split_part(a.value, '@', 1), '+', 1) AS local, split_part(a.value, '@', 2) AS domain
  FROM accounts_personaddress a JOIN dup_person p ON p.id = a.person_id WHERE a.removed_at IS NULL
), dup_rare AS (
  SELECT DISTINCT m.id, m.domain FROM dup_mail m WHERE m.kind = 'email' AND m.domain IN (
    SELECT d.domain FROM dup_mail d WHERE d.id = %(id)s AND d.kind = 'email'
    AND (SELECT count(*) FROM (SELECT 1 FROM accounts_personaddress x WHERE x.value LIKE '%%@' || d.domain LIMIT {RARE_DOMAIN + 1}) few) <= {RARE_DOMAIN})
), dup_local AS (
  SELECT DISTINCT m.id, m.local FROM dup_mail m JOIN dup_person p USING (id) WHERE m.kind = 'email' AND {_TELLING}
), dup_pair AS (
  SELECT me.id AS low, other.id AS high,
    (SELECT 'e ' || max(b.value) FROM dup_mail a JOIN dup_mail b ON b.value = a.value AND b.kind = 'email' AND a.kind = 'email' WHERE a.id = me.id AND b.id = other.id) AS email,
    (SELECT 'p ' || max(b.value) FROM dup_mail a JOIN dup_mail b ON b.value = a.value AND b.kind = 'phone' AND a.kind = 'phone' WHERE a.id = me.id AND b.id = other.id) AS phone,
    (SELECT max(b.kind || ' ' || b.value) FROM accounts_personnumber a JOIN accounts_personnumber b ON b.kind = a.kind AND b.value = a.value AND b.removed_at IS NULL
      WHERE a.person_id = me.id AND b.person_id = other.id AND a.removed_at IS NULL) AS number,
    (SELECT max(b.state || ' ' || b.number || ' ' || b.kind) FROM accounts_licence a JOIN accounts_licence b ON b.state = a.state AND b.kind = a.kind AND b.number = a.number AND b.removed_at IS NULL
      WHERE a.person_id = me.id AND b.person_id = other.id AND a.removed_at IS NULL) AS licence,
    (SELECT max(b.local) FROM dup_local a JOIN dup_local b ON b.local = a.local WHERE a.id = me.id AND b.id = other.id) AS local
  FROM dup_person me JOIN dup_person other ON other.id <> me.id WHERE me.id = %(id)s
)
{_CLUES.replace("likeness >= 0.6", "likeness >= 0.5")}
"""  # noqa: S608 - constants of this module


def _pairs() -> Iterator[Clues]:
    """Every pair of a small block with its clues; asserts an open transaction, whose temporary tables it uses."""
    locks.require_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        cursor.execute(_PREPARE)
        cursor.execute(_PAIR)
    with connection.chunked_cursor() as cursor:
        cursor.execute(_CLUES)
        while rows := cursor.fetchmany(CHUNK):
            yield from (Clues(*row) for row in rows)
