"""The verdict of every row: whose it is, how many minutes count, whether it adds anything. Writes nothing.

A row is judged by itself first. Rows of one person in one session are then settled together: merged times, the minimum,
what is on record already.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from activities.domain.imports import intervals, matching, names
from activities.domain.imports.drafts import Draft
from activities.domain.imports.lines import Line, Reading, Sessions
from activities.domain.imports.matching import Directory, Owner, Registered, Tip
from activities.enums import MatchedBy, RowVerdict
from activities.models import ImportBatch, Session

# Verdicts that follow from all rows of one person together; they are given anew when those rows change.
SETTLED = frozenset({"short", "outside", "again", "known", "taken_back", "shared"})
MOST_CANDIDATES = 8
# What settling can change; the columns that `store` writes back.
CHANGES = ("verdict", "code", "reason", "minutes", "leader")


def judge(
    batch: ImportBatch, lines: Sequence[Line], *, reading: Reading, sessions: Sessions, registered: Registered
) -> list[Draft]:
    """Rows of a chunk with their verdicts, not saved."""
    directory = matching.directory(lines)
    rows = [row_of(batch, line, directory, registered) for line in lines]
    known = on_record(rows, reading)
    for row in rows:
        if row.who and row.session_id:
            settle([row], known.get((row.session_id, row.who)), sessions.by_id[row.session_id], reading)
    return rows


def on_record(rows: Sequence[Draft], reading: Reading) -> dict[tuple[int, str], Tip]:
    """What the ledger says of the people of these rows. Two queries."""
    live = [r for r in rows if r.who and r.session_id]
    return matching.tips(
        {r.session_id for r in live if r.session_id}, reading.method, {r.person_id for r in live if r.person_id},
        {(r.identity_kind, r.identity_value) for r in live if not r.person_id},
    )  # fmt: skip


def row_of(batch: ImportBatch, line: Line, directory: Directory, registered: Registered | None) -> Draft:
    """A row by itself: whose it is, or why nobody can say. Without `registered` a name leads to nobody."""
    row = Draft(
        batch_id=batch.pk, number=line.number, part=line.part, cells=line.cells, name=line.name, name_key=names.key(line.name) if line.name else "",
        session_id=line.session.pk if line.session else None, joined_at=line.joined_at, left_at=line.left_at, stated=line.stated, verdict=RowVerdict.PROBLEM,
    )  # fmt: skip
    owners = directory.owners(line)
    if owners:
        row.how = owners[0].how
        row.person_id = owners[0].person_id
    if line.code:
        row.verdict = RowVerdict.PROBLEM if line.is_problem else RowVerdict.IGNORED
        row.code, row.reason = line.code, line.reason
        return row
    if owners:
        _matched(row, line, owners, directory)
    elif keys := matching.keys_of(line):
        row.verdict = RowVerdict.NEW
        row.identity_kind, row.identity_value = keys[0]
        row.who = matching.who(None, keys[0])
    else:
        _by_name(row, line, registered)
    return row


def _matched(row: Draft, line: Line, owners: Sequence[Owner], directory: Directory) -> None:
    first = owners[0]
    objection = next((o.objection for o in owners if o.objection), "")
    if len({o.person_id for o in owners}) > 1:
        said = "; ".join(f"{o.how.label} of {directory.name(o.person_id)}" for o in owners[:3])
        _say(row, RowVerdict.PROBLEM, "conflict", f"Names two people: {said}.")
        row.person_id = None
    elif objection:
        _say(row, RowVerdict.PROBLEM, "changed_hands", objection)
        row.person_id = None
    elif line.name and not names.may_be(line.name, directory.name(first.person_id)):
        row.candidates = [f"p{first.person_id}"]
        word = "address" if first.how in {MatchedBy.EMAIL, MatchedBy.PHONE} else "number"
        _say(
            row,
            RowVerdict.SUGGESTED,
            "other_name",
            f"The {word} is that of {directory.name(first.person_id)}; the row names somebody else.",
        )
        row.person_id = None
    else:
        row.verdict = RowVerdict.MATCHED
        if first.key:
            row.identity_kind, row.identity_value = first.key
        row.who = matching.who(first.person_id, None)


def _by_name(row: Draft, line: Line, registered: Registered | None) -> None:
    """A name alone proves nothing: those registered who are called so are suggested, and a person says who it is."""
    number = " The NPI or license is nobody’s we know." if line.npi or line.licence else ""
    if registered is None:
        _say(row, RowVerdict.PROBLEM, "nobody_known", f"No e-mail, and a name alone proves nothing.{number}")
        return
    found = registered.called(line.name)[:MOST_CANDIDATES] if line.name else []
    if found:
        row.candidates = [f"p{pk}" for pk in found]
        reason = (
            "Somebody registered has this name."
            if len(found) == 1
            else f"{len(found)} people registered have this name."
        )
        _say(row, RowVerdict.SUGGESTED, "name", f"No e-mail. {reason}{number}")
    else:
        _say(
            row,
            RowVerdict.PROBLEM,
            "nobody_known",
            f"No e-mail, and nobody registered is called “{line.name[:60]}”.{number}",
        )


def _say(row: Draft, verdict: RowVerdict, code: str, reason: str) -> None:
    row.verdict, row.code, row.reason = verdict, code, reason[:250]


# --- rows of one person in one session -----------------------------------------------------------------


def settle(rows: Sequence[Draft], tip: Tip | None, session: Session, reading: Reading) -> None:
    """Let the first of these rows count for all; say of each why it does not. Rows that somebody left out stay out."""
    group = sorted((r for r in rows if _takes_part(r)), key=lambda r: (r.number, r.part))
    if not group:
        return
    if _shared(group):
        return
    minutes, remark = _minutes(group, session, reading)
    leader = group[0]
    leader.leader = None
    if not remark and "=" in leader.name:
        remark = "The name looks like a formula. It is kept as text and never run."
    _say(leader, RowVerdict.MATCHED if leader.person_id else RowVerdict.NEW, "", remark)
    leader.minutes = minutes
    if minutes == 0:
        _say(leader, RowVerdict.IGNORED, "outside", "Was there only before or after the session.")
    elif minutes is not None and minutes < reading.minimum:
        _say(
            leader,
            RowVerdict.IGNORED,
            "short",
            f"{minutes} of {session.minutes} minutes; at least {reading.minimum} are needed.",
        )
    elif tip is not None:
        _compare(leader, tip)
    for row in group[1:]:
        row.leader, row.minutes = leader.number, None
        _say(row, RowVerdict.DUPLICATE, "again", f"The same person as row {leader.number}; counted there, once.")


def _takes_part(row: Draft) -> bool:
    return row.verdict in {RowVerdict.MATCHED, RowVerdict.NEW} or row.code in SETTLED


def _shared(group: Sequence[Draft]) -> bool:
    """One address with the names of several people: a clinic's, or a mistake of copying. Nobody is credited by it."""
    named = {r.name_key: r for r in group if r.name_key and r.how != MatchedBy.CHOSEN}
    first = next(iter(named.values()), None)
    other = next((r for r in named.values() if first and not names.may_be(r.name, first.name)), None)
    if first is None or other is None:
        return False
    for row in group:
        beside = other if row.name_key == first.name_key else first
        row.minutes = row.leader = None
        _say(
            row,
            RowVerdict.PROBLEM,
            "shared",
            f"Row {beside.number} has the same address and names “{beside.name[:60]}”. Say who each one is.",
        )
    return True


def _minutes(group: Sequence[Draft], session: Session, reading: Reading) -> tuple[int | None, str]:
    """Minutes that count, and what to remark about them; None supports the whole session."""
    start, end = session.starts_at, session.ends_at
    exact = [(r.joined_at, r.left_at) for r in group if r.joined_at and r.left_at and r.stated is None]
    if exact:
        minutes = min(intervals.minutes(exact, start, end), session.minutes)
        return minutes, f"{len(exact)} times joined, put together." if len(exact) > 1 else ""
    stated = []
    for row in group:
        if row.stated is None:
            return None, ""
        seconds = row.stated
        if row.joined_at and row.left_at:  # first joined, last left: more than the time between cannot count
            between = intervals.clip([(row.joined_at, row.left_at)], start, end)
            seconds = min(seconds, int(intervals.length(between).total_seconds()))
        stated.append(seconds)
    seconds = sum(stated) if reading.repeated == "sum" else max(stated)
    minutes = (seconds + 30) // 60
    if minutes > session.minutes:
        return session.minutes, f"The file says {minutes} minutes; the session has {session.minutes}."
    return minutes, ""


def _compare(row: Draft, tip: Tip) -> None:
    if tip.withdrawn:
        if not tip.by_import:
            _say(row, RowVerdict.PROBLEM, "taken_back", f"{tip.by} took this attendance back: {tip.reason}")
        return  # an import that was undone leaves the place free
    said = "the whole session" if row.minutes is None else f"{row.minutes} minutes"
    stands = "the whole session" if tip.minutes is None else f"{tip.minutes} minutes"
    more = "" if tip.minutes == row.minutes else f" This file says {said}; correct the record if that is right."
    _say(row, RowVerdict.DUPLICATE, "known", f"On record already with {stands}.{more}")


def resettle(rows: Sequence[Draft], *, reading: Reading, sessions: Mapping[int, Session]) -> list[Draft]:
    """Settle whole groups anew; those rows that changed. `rows` are all rows of some (session, who)."""
    before = {r.pk: _state(r) for r in rows}
    known = on_record(rows, reading)
    groups: dict[tuple[int, str], list[Draft]] = {}
    for row in rows:
        if row.session_id and row.who:
            groups.setdefault((row.session_id, row.who), []).append(row)
    for (session_id, who), group in groups.items():
        settle(group, known.get((session_id, who)), sessions[session_id], reading)
    return [r for r in rows if _state(r) != before[r.pk]]


def _state(row: Draft) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in CHANGES)
