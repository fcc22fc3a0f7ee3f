"""Builds the school: set-up, people, gaps, activities at every stage, a year of attendance and claims around today.

Everything is written in bulk by private shapes of the same rows the domain writes; the numbers that are regulated
(minutes, credit, caps) come from the same functions that learners' claims use.
"""

import datetime as dt
import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.db import models, transaction

from accounts.models import (
    AccreditationTerm,
    Department,
    DepartmentMember,
    Identity,
    IdentityLink,
    OfficeRole,
    Person,
    PersonAddress,
    Provider,
    User,
)  # fmt: skip
from activities.domain import agenda, snapshots
from activities.domain import plan as plans
from activities.enums import SlotKind
from activities.models import (
    Activity,
    ActivityGap,
    ActivityNumber,
    ActivityRole,
    AttendanceEvidence,
    ChangeRequest,
    Decision,
    GapEvidence,
    Need,
    Objective,
    PracticeGap,
    Registration,
    SeriesPlan,
    Session,
    Submission,
)  # fmt: skip
from cme_portal.school import changed, doubles, files, joint, words
from common import clock, codes, rulesets, statements
from common.actors import system
from common.models import Job, TransitionLog
from credits.arithmetic import to_credit
from credits.documents import certificate as document
from credits.documents import statements as credit_statements
from credits.models import Certificate, Claim, ClaimLine, ClaimTotal, CreditType, Designation
from evaluations.domain import questionnaires
from evaluations.models import Answer, Completion, Response
from integrity.models import Company, Disclosure, MitigationAction, Relationship, RelevanceDecision

ZONE = "America/New_York"
BY = system("set-up")
CHUNK = 2000
IN_REVIEW = 13  # the first activity in review: its speaker has a relationship to decide


@dataclass(frozen=True)
class Size:
    """How large a school; the demo row of design.md section 8 is the default."""

    people: int = 2500
    courses: int = 88
    series: int = 28
    enduring: int = 16
    sessions_per_series: int = 42
    evidence: int = 30_000
    rendered: int = 50
    seed: int = 20261122


@dataclass
class School:
    """What was made, for the parts that build on it."""

    size: Size
    rng: random.Random
    now: dt.datetime
    today: dt.date
    provider: Provider
    departments: list[Department] = field(default_factory=list)
    staff: Person = field(default_factory=Person)
    named: dict[str, Person] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    identities: dict[int, Identity] = field(default_factory=dict)
    speakers: list[Person] = field(default_factory=list)
    gaps: list[PracticeGap] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    sessions: dict[int, list[Session]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000_000)))


NAMED = (
    # local part, given, family, degrees, profession, office roles, departments
    ("physician", "Elena R.", "Marchetti", "MD", "physician", (), ()),
    ("nurse", "Ruth", "Castellanos", "RN, BSN", "nurse", (), ()),
    ("planner", "Amara", "Osei-Bennett", "MD, MPH", "physician", (), ("MED", "EM")),
    ("coordinator", "Dana", "Whitcomb", "", "other", (), ("MED",)),
    ("speaker", "Naomi", "Feldstein", "MD", "physician", (), ()),
    ("reviewer", "Leila", "Haddad", "MD", "physician", ("reviewer",), ()),
    ("staff", "Joan", "Kowalczyk", "", "other", ("staff",), ()),
    ("director", "Marcus", "Adeyemi", "MD, MEd", "physician", ("director",), ()),
    ("dean", "Ingrid", "Solberg", "MD, PhD", "physician", ("leadership",), ()),
)


def build(size: Size) -> School:
    """Make the whole school in one transaction; an interrupted build leaves nothing behind."""
    with transaction.atomic(durable=True):
        now = clock.now()
        school = School(size, random.Random(size.seed), now, clock.today(ZONE), _provider())
        _people(school)
        _gaps(school)
        _activities(school)
        _roles(school)
        partners = joint.name_partners(school.activities, now=now, by=school.named["planner"])
        _submissions(school)
        _published(school, partners)
        changed.change_one(school.activities, now=now, staff=school.staff)
        files.bring(
            course=school.activities[0],
            series=school.activities[1],
            gap=school.gaps[0],
            planner=school.named["planner"],
            now=now,
        )
        _attendance_and_claims(school)
        doubles.enter_twice(school.people, now=now)
        ActivityNumber.objects.update_or_create(year=school.today.year, defaults={"last": next(school.numbers) - 1})
    return school


def bulk(rows: Iterable[models.Model]) -> list[Any]:
    """Write rows in chunks and return them with their keys."""
    found = list(rows)
    if found:
        type(found[0])._default_manager.bulk_create(found, batch_size=CHUNK)
    return found


def _provider() -> Provider:
    provider = Provider.objects.create(
        name="Lakeshore University School of Medicine", short_name="Lakeshore CME", code_prefix="LS",
        office_name="Office of Continuing Medical Education", office_email="cme-office@lakeshore.example", office_phone="555-0100",
        office_address="400 Harbor Walk, Lakeshore", zone=ZONE, signer_name="Marcus Adeyemi, MD, MEd",
        signer_title="Associate Dean for Continuing Medical Education", signature="signature.svg",
    )  # fmt: skip
    AccreditationTerm.objects.create(
        provider=provider, mode="accme_direct", starts_on=dt.date(2024, 8, 1), ends_on=dt.date(2030, 7, 31)
    )
    return provider


def _people(s: School) -> None:
    s.departments = bulk(Department(code=code, name=name) for code, name in words.DEPARTMENTS)
    by_code = {d.code: d for d in s.departments}
    rows = [
        Person(given_name=g, family_name=f, degrees=d, profession=p, is_physician=p == "physician", created_at=s.now)
        for _, g, f, d, p, *_ in NAMED
    ]
    weights = [w for *_, w in words.PROFESSIONS]
    for _ in range(s.size.people - len(rows)):
        profession, degrees, _w = s.rng.choices(words.PROFESSIONS, weights)[0]
        rows.append(
            Person(
                given_name=s.rng.choice(words.GIVEN), family_name=s.rng.choice(words.FAMILY), degrees=degrees, profession=profession,
                is_physician=degrees in {"MD", "DO"}, created_at=s.now - dt.timedelta(days=400),
            )
        )  # fmt: skip
    people = bulk(rows)
    s.named = {entry[0]: person for entry, person in zip(NAMED, people, strict=False)}
    s.staff = s.named["staff"]
    s.people = people
    mails = [f"{entry[0]}@lakeshore.example" for entry in NAMED] + [
        f"{_ascii(p.given_name)}.{_ascii(p.family_name)}.{p.pk}@lakeshore.example" for p in people[len(NAMED) :]
    ]
    bulk(
        PersonAddress(person=p, kind="email", value=m, verified_at=s.now, is_primary=True, created_at=s.now)
        for p, m in zip(people, mails, strict=True)
    )
    s.identities = {p.pk: i for p, i in zip(people, bulk(Identity(kind="email", value=m) for m in mails), strict=True)}
    bulk(
        IdentityLink(identity=s.identities[p.pk], person=p, linked_at=s.now, linked_by=BY.label, reason="set-up")
        for p in people
    )
    users = bulk(
        User(person=p, email=m, date_joined=s.now, password="!")  # noqa: S106 - "!" is no password
        for p, m in zip(people[: len(NAMED)], mails, strict=False)
    )
    bulk(EmailAddress(user=u, email=u.email, verified=True, primary=True) for u in users)
    for entry, person in zip(NAMED, people, strict=False):
        bulk(OfficeRole(person=person, role=role, granted_at=s.now, granted_by=BY.label) for role in entry[5])
        bulk(DepartmentMember(person=person, department=by_code[code], added_at=s.now) for code in entry[6])
    physicians = [p for p in people[len(NAMED) :] if p.is_physician]
    s.speakers = [s.named["speaker"], *physicians[:160]]


def _ascii(text: str) -> str:
    return "".join(c for c in text.lower() if c.isascii() and c.isalpha()) or "x"


def _gaps(s: School) -> None:
    planner = s.named["planner"]
    cases = (("MED", words.CASE_1_GAP), ("MED", words.CASE_2_GAP), ("FM", words.CASE_3_GAP))
    by_code = {d.code: d for d in s.departments}
    for code, case in cases:
        gap = PracticeGap.objects.create(
            department=by_code[code], title=case["title"], audience=case["audience"], current_practice=case["current_practice"],
            desired_practice=case["desired_practice"], created_at=s.now - dt.timedelta(days=300), created_by=planner, changed_at=s.now,
        )  # fmt: skip
        bulk(GapEvidence(gap=gap, kind=k, citation=c, finding=f, created_at=s.now) for k, c, f in case["evidence"])
        bulk(Need(gap=gap, kind=k, text=t) for k, t in case["needs"])
        s.gaps.append(gap)
    for i, topic in enumerate(words.TOPICS):
        gap = PracticeGap.objects.create(
            department=s.departments[i % len(s.departments)], title=f"{topic}: what our clinicians do late", audience="Physicians, nurses and residents",
            current_practice=f"A review of 120 charts found the recommended step in {s.rng.randint(35, 70)}% of eligible patients.",
            desired_practice="The recommended step is taken in at least 90% of eligible patients.", created_at=s.now - dt.timedelta(days=200),
            created_by=planner, changed_at=s.now,
        )  # fmt: skip
        bulk(
            GapEvidence(
                gap=gap,
                kind=kind,
                citation=f"Lakeshore {what}, {s.today.year - 1}",
                finding="Invented for the demo.",
                created_at=s.now,
            )
            for kind, what in (("audit", "chart review"), ("evaluations", "evaluations of last year"))
        )
        bulk([Need(gap=gap, kind="competence", text="Deciding at the bedside with the information at hand"), Need(gap=gap, kind="performance", text="The step is forgotten at handoff")])  # fmt: skip
        s.gaps.append(gap)


def _activities(s: School) -> None:
    """Courses over the academic year around today, series of weekly sessions, enduring materials."""
    rows: list[Activity] = [_case_1(s), _case_2(s), _case_3(s)]
    early = (
        ["draft"] * 6
        + ["submitted"] * 4
        + ["in_review"] * 4
        + ["returned"] * 2
        + ["approved"] * 3
        + ["designated"] * 2
        + ["rejected", "withdrawn", "cancelled"]
    )
    for i in range(s.size.courses - 1):
        topic, form = (
            words.TOPICS[i % len(words.TOPICS)],
            words.COURSE_FORMS[(i // len(words.TOPICS)) % len(words.COURSE_FORMS)],
        )
        status = early[i] if i < len(early) else ""
        day = s.today + dt.timedelta(
            days=s.rng.randint(21, 160) if status or s.rng.random() < 0.25 else -s.rng.randint(1, 300)
        )
        # Every other one that still moves belongs to Medicine, so that the named planner has work at each stage.
        home = s.departments[0] if status and i % 2 == 0 else None
        rows.append(
            _activity(
                s,
                title=form.format(topic),
                kind="C",
                status=status or _by_date(s, day),
                first=day,
                last=day,
                department=home,
            )
        )
    for i in range(s.size.series - 1):
        department = s.departments[(i + 1) % len(s.departments)]
        first = s.today - dt.timedelta(days=s.rng.randint(60, 240))
        last = first + dt.timedelta(weeks=s.size.sessions_per_series - 1)
        rows.append(_activity(s, title=f"{department.name} {('Grand Rounds', 'Case Conference', 'Journal Club')[i % 3]}", kind="RSS", status=_by_date(s, last), first=first, last=last, department=department))  # fmt: skip
    for i in range(s.size.enduring - 1):
        first = s.today - dt.timedelta(days=s.rng.randint(10, 300))
        rows.append(_activity(s, title=f"{words.TOPICS[-1 - i]}: A Self-Paced Module", kind="EM", status="approved", first=first + dt.timedelta(days=400), last=first + dt.timedelta(days=900)))  # fmt: skip
    s.activities = bulk(rows)
    bulk(
        ActivityGap(activity=a, gap=_gap_of(s, i), own_learners="Our own charts show the same.")
        for i, a in enumerate(s.activities)
    )
    needs = {g.pk: list(g.needs.all()) for g in s.gaps}
    objectives = []
    for i, a in enumerate(s.activities):
        texts = words.CASE_1_OBJECTIVES if i == 0 else ((f"Take the recommended step in an eligible patient: {a.title.split(':')[0].lower()}", "Take the step at the next eligible visit"), ("Hand over what is still due in writing", "Write what is due into every handoff"))  # fmt: skip
        found = needs[_gap_of(s, i).pk]
        objectives += [
            Objective(
                activity=a,
                position=n + 1,
                text=t,
                need=found[n % len(found)],
                result="performance" if n else "competence",
                commitment=c,
            )
            for n, (t, c) in enumerate(texts)
        ]
    bulk(objectives)
    sessions = bulk(session for i, a in enumerate(s.activities) for session in _sessions(s, i, a))
    for session in sessions:
        s.sessions.setdefault(session.activity_id, []).append(session)
    links: dict[int, list[Objective]] = {}
    for o in objectives:
        links.setdefault(o.activity_id, []).append(o)
    through = Session.objectives.through
    bulk(
        through(session_id=x.pk, objective_id=links[x.activity_id][n % len(links[x.activity_id])].pk)
        for group in s.sessions.values() for n, x in enumerate(y for y in group if y.kind == SlotKind.EDUCATION)
    )  # fmt: skip
    bulk(_log(s, a) for a in s.activities if a.published_at)


def _gap_of(s: School, index: int) -> PracticeGap:
    return s.gaps[index % len(s.gaps)]


def _by_date(s: School, last: dt.date) -> str:
    if last >= s.today:
        return "published"
    return "ended" if last >= s.today - dt.timedelta(days=35) else "closed"


def _activity(
    s: School,
    *,
    title: str,
    kind: str,
    status: str,
    first: dt.date,
    last: dt.date,
    department: Department | None = None,
    **more: Any,
) -> Activity:
    public = status in {"published", "ended", "closing", "closed"}
    late = status in {"approved", "designated", "cancelled"} or public
    sent = status not in {"draft", "withdrawn"}
    before = s.now - dt.timedelta(days=90)
    start = dt.datetime.combine(first, dt.time(12), tzinfo=ZoneInfo(ZONE))
    at = min(before, start - dt.timedelta(days=40))
    year = s.today.year
    values: dict[str, Any] = {
        "number": f"{year}-{next(s.numbers):04d}", "status": status, "kind": kind, "title": title, "department": department or s.rng.choice(s.departments),
        "created_at": at - dt.timedelta(days=60), "created_by": s.named["coordinator"], "changed_at": s.now - dt.timedelta(days=s.rng.randint(0, 20)),
        "summary": f"{title}: what to do differently from the next shift on. Cases from our own wards, with time for questions.",
        "starts_on": first, "ends_on": last, "delivery": "online" if kind == "EM" else s.rng.choice(["in_person", "in_person", "both"]),
        "location": "" if kind == "EM" else s.rng.choice(words.ROOMS), "city": "" if kind == "EM" else "Lakeshore",
        "capacity": s.rng.choice([40, 80, 120, None]), "expected_learners": s.rng.randint(20, 120),
        "professions": ["physician", "resident", "nurse", "pharmacist"], "audience": "Clinicians of our own hospitals",
        "fee_text": "Free for Lakeshore staff", "designed_to_change": ["competence", "performance"],
        "change_text": "Learners decide earlier and hand over what is due.", "methods": ["lecture", "cases"],
        "format_reason": "Cases show the decision; questions show what stops it.", "competencies": ["abms_patient_care", "abms_systems", "ipec_teams"],
        "credit_types": ["ama_pra_1"], "evaluation_level": "4", "evaluation_tools": ["survey", "commitment"],
        "evaluation_text": "Objectives, changes chosen from a list, one open question.", "online_url": "",
        "attest_independent": sent, "attest_no_marketing": sent, "attest_valid_content": sent, "attest_privacy": sent,
        "signed_at": at if sent else None, "signed_by": s.named["planner"] if sent else None,
        "signed_name": s.named["planner"].name_with_degrees if sent else "", "submitted_at": at if sent else None,
        "answer_due_on": s.today + dt.timedelta(days=s.rng.randint(-2, 10)) if status in {"submitted", "in_review", "returned"} else None,
        "approved_at": at + dt.timedelta(days=8) if late else None, "designated_at": at + dt.timedelta(days=9) if late and status != "approved" else None,
        "published_at": at + dt.timedelta(days=10) if public else None,
    }  # fmt: skip
    return Activity(**(values | more))


def _case_1(s: School) -> Activity:
    medicine = s.departments[0]
    day = s.today + dt.timedelta(days=75)
    return _activity(
        s, title="Four Drugs in Four Weeks: Heart Failure in the Clinic", kind="C", status="published", first=day, last=day, department=medicine,
        location="Harbor Auditorium", delivery="both", capacity=80, professions=["physician", "np", "pa", "nurse", "pharmacist"],
        methods=["lecture", "cases", "workshop", "simulation"],
        summary="Start all four medicines for heart failure with reduced ejection fraction within four weeks, adjust them by a shared protocol, and hand titration to a visit that owns it.",
    )  # fmt: skip


def _case_2(s: School) -> Activity:
    first = _tuesday(s.today - dt.timedelta(days=75))
    return _activity(
        s, title="Medicine Grand Rounds", kind="RSS", status="published", first=first, last=first + dt.timedelta(weeks=38), department=s.departments[0],
        location="Harbor Auditorium", delivery="both", capacity=None,
        summary="Tuesdays at noon: one question from our own wards, one hour, one change. A block of four sessions is on sepsis.",
    )  # fmt: skip


def _case_3(s: School) -> Activity:
    return _activity(
        s, title="Naloxone With Every High-Dose Opioid: A Self-Paced Module", kind="EM", status="approved",
        first=s.today + dt.timedelta(days=45), last=s.today + dt.timedelta(days=45 + 3 * 365 - 1), department=next(d for d in s.departments if d.code == "FM"),
        summary="Sixty minutes and ten questions: who should have naloxone at home, and how to offer it. Opens for claims when the assessment is built.",
    )  # fmt: skip


def _tuesday(day: dt.date) -> dt.date:
    return day + dt.timedelta(days=(1 - day.weekday()) % 7)


def _sessions(s: School, index: int, a: Activity) -> Iterator[Session]:
    live = a.status in {"published", "ended", "closing", "closed"}
    assert a.starts_on is not None
    assert a.ends_on is not None
    if index == 0:
        for start, minutes, kind, title in words.CASE_1_AGENDA:
            yield _slot(
                s,
                a,
                a.starts_on,
                dt.time.fromisoformat(start),
                minutes,
                title,
                kind,
                room="Birch Hall A" if "coaching" in title else a.location,
                live=live,
            )
    elif a.kind == "C":
        plan = (("08:00", 15, "welcome", "Welcome"), ("08:15", 60, "education", f"{a.title}: the first hour"), ("09:15", 45, "education", "Cases from our wards"),
                ("10:00", 15, "break", "Break"), ("10:15", 60, "education", "What we change on Monday"))  # fmt: skip
        for start, minutes, kind, title in plan[: s.rng.choice([2, 3, 5])]:
            yield _slot(s, a, a.starts_on, dt.time.fromisoformat(start), minutes, title, kind, live=live)
    elif a.kind == "RSS":
        hour = dt.time(12) if index == 1 else s.rng.choice([dt.time(7), dt.time(8), dt.time(12), dt.time(17)])
        day, number = a.starts_on, 0
        while day <= a.ends_on:
            if not _holiday(day):
                topic = words.TOPICS[(index * 7 + number) % len(words.TOPICS)]
                if index == 1 and 4 <= number < 8:
                    topic = (
                        "Sepsis: Who Is Sick",
                        "Sepsis: The First Hour",
                        "Sepsis: The Right Antibiotic",
                        "Sepsis: After the First Day",
                    )[number - 4]
                yield _slot(s, a, day, hour, 60, topic, "education", live=live)
                number += 1
            day += dt.timedelta(weeks=1)
    else:
        yield _slot(s, a, a.starts_on, dt.time(12), 60, a.title, "education", live=False)


def _holiday(day: dt.date) -> bool:
    """Thanksgiving week's Thursday and Friday, the days around Christmas and New Year, Independence Day."""
    thanksgiving = day.month == 11 and day.weekday() in {3, 4} and 22 <= day.day <= 29
    return (
        thanksgiving
        or (day.month, day.day) in {(12, 24), (12, 25), (12, 26), (12, 31), (1, 1), (7, 4)}
        or (day.month == 12 and day.day > 26)
    )


def _slot(
    s: School,
    a: Activity,
    day: dt.date,
    time: dt.time,
    minutes: int,
    title: str,
    kind: str,
    *,
    room: str = "",
    live: bool,
) -> Session:
    starts = clock.local(day, time, a.zone)
    ends = starts + dt.timedelta(minutes=minutes)
    education = kind == "education"
    held = live and ends < s.now - dt.timedelta(hours=1)
    released = education and live
    return Session(
        activity=a, status="held" if held else "ready" if released else "planned", kind=kind, title=title[:250], starts_at=starts, ends_at=ends,
        room=room or a.location, method="lecture", check_in_code=_code(s) if released else "", code_released_at=starts - dt.timedelta(days=3) if released else None,
    )  # fmt: skip


def _code(s: School) -> str:
    return "".join(s.rng.choice(codes.ALPHABET) for _ in range(6))


def _log(s: School, a: Activity) -> TransitionLog:
    assert a.published_at is not None
    return TransitionLog(
        subject_type="activities.activity", subject_id=a.pk, workflow="activity", verb="publish", old="designated", new="published",
        actor_kind="system", actor_label=BY.label, at=a.published_at, reason="Demo school",
    )  # fmt: skip


def _roles(s: School) -> None:
    """Teams and speakers, each with a disclosure; every eighth has a relationship, decided and mitigated by the office."""
    roles = []
    nurses = [p for p in s.people[len(NAMED) :] if p.profession == "nurse"]
    pharmacists = [p for p in s.people[len(NAMED) :] if p.profession == "pharmacist"]
    for i, a in enumerate(s.activities):
        at = a.created_at
        director = s.named["planner"] if a.department.code in {"MED", "EM"} else s.speakers[10 + i % 100]
        team = [
            ("director", director),
            ("nurse_planner", s.rng.choice(nurses)),
            ("pharmacist_planner", s.rng.choice(pharmacists)),
        ]
        roles += [ActivityRole(activity=a, person=p, role=r, assumed_at=at, added_by=BY.label) for r, p in team]
        roles.append(
            ActivityRole(
                activity=a,
                person=s.named["coordinator"],
                role="coordinator",
                controls_content=False,
                assumed_at=at,
                added_by=BY.label,
            )
        )
        for n, session in enumerate(x for x in s.sessions[a.pk] if x.kind == SlotKind.EDUCATION):
            speaker = (
                s.named["speaker"]
                if (i, n) in {(0, 1), (1, 13), (IN_REVIEW, 0)}
                else s.rng.choice([p for p in s.speakers[1:] if p is not director])
            )
            roles.append(
                ActivityRole(
                    activity=a, session=session, person=speaker, role="speaker", assumed_at=at, added_by=BY.label
                )
            )
    bulk(roles)
    people = list({r.person_id: r.person for r in roles if r.controls_content}.values())
    companies = bulk(
        Company(name=n, eligibility="ineligible", traded="public", created_at=s.now) for n in words.COMPANIES
    )
    shown = "SII-E-1 of 2022-01-01, 24 months"
    none, some = statements.body("SII-3.1d"), statements.body("SII-3.1-list")
    with_one = {p.pk for p in people if p.pk % 8 == 0 or p is s.named["speaker"]}
    # Given a year ago and confirmed lately, so that every session of the year has one that is neither late nor expired.
    given = [s.now - dt.timedelta(days=355), s.now - dt.timedelta(days=14)]
    disclosures = bulk(
        Disclosure(
            person=p, answer="some" if p.pk in with_one else "none", method="link", definition_shown=shown, statement=some if p.pk in with_one else none,
            attested_name=p.full_name, submitted_at=at,
        )
        for at in given for p in people
    )  # fmt: skip
    natures = ("consultant", "advisor", "researcher", "speaker", "royalties")
    same = {pk: (s.rng.choice(companies), s.rng.choice(natures), s.rng.random() < 0.3) for pk in sorted(with_one)}
    ties = bulk(
        Relationship(disclosure=d, company=same[d.person_id][0], nature=same[d.person_id][1], ended=same[d.person_id][2])
        for d in disclosures if d.answer == "some"
    )  # fmt: skip
    tie_of = {t.disclosure.person_id: t for t in reversed(ties)}
    undecided = {a.pk for a in s.activities if a.status in {"draft", "submitted", "in_review", "returned"}}
    pairs = sorted(
        {(r.activity_id, r.person_id) for r in roles if r.person_id in tie_of and r.activity_id not in undecided}
    )
    decisions = bulk(
        RelevanceDecision(
            relationship=tie_of[p], activity_id=a, relevant=a == s.activities[0].pk or (a + p) % 3 != 0, rationale="Compared the company’s products with the agenda.",
            decided_by=s.staff, decided_at=s.now - dt.timedelta(days=350),
        )
        for a, p in pairs
    )  # fmt: skip
    faculty = {(r.activity_id, r.person_id) for r in roles if r.session_id}
    bulk(
        MitigationAction(
            relationship=d.relationship, activity_id=d.activity_id, performed_by="Leila Haddad, MD", implemented_at=s.now - dt.timedelta(days=349),
            strategy="peer_review_content" if (d.activity_id, tie_person(d, tie_of)) in faculty else "peer_review_planning", recorded_by=s.staff,
        )
        for d in decisions if d.relevant
    )  # fmt: skip


def tie_person(decision: RelevanceDecision, tie_of: dict[int, Relationship]) -> int:
    """Whose relationship a decision is about."""
    return int(decision.relationship.disclosure.person_id)


def _submissions(s: School) -> None:
    """The plan frozen as it was sent in; what was returned has a request, what was approved its decision."""
    for a in s.activities:
        if a.submitted_at is None:
            continue
        facts = plans.load(a)
        sent = Submission.objects.create(
            activity=a,
            number=1,
            plan=snapshots.freeze(facts),
            submitted_at=a.submitted_at,
            submitted_by=s.named["planner"].name_with_degrees,
        )
        if a.status == "returned":
            ChangeRequest.objects.create(
                activity=a, section="agenda", text="Give the third session an objective, or take it out of the credit.", rule="CORE-4",
                asked_at=s.now - dt.timedelta(days=2), asked_by=s.staff,
            )  # fmt: skip
        if a.approved_at:
            Decision.objects.create(
                activity=a, submission=sent, kind="approve", decided_at=a.approved_at, decided_by=s.staff
            )


def _published(s: School, partners: dict[int, list[str]]) -> None:
    """Designations by the same arithmetic as the office's, questionnaires, the recurrence of series."""
    ama = CreditType.objects.get(code="ama_pra_1")
    rows = []
    for a in s.activities:
        if a.designated_at is None:
            continue
        series = a.kind == "RSS"
        slots = [
            agenda.Slot(x.pk, x.title, x.starts_at, x.ends_at, x.kind == SlotKind.EDUCATION) for x in s.sessions[a.pk]
        ]
        minutes = 60 if series else agenda.compute(slots).minutes
        maximum = to_credit(minutes, ama.rounding)
        rows.append(
            Designation(
                activity=a, credit_type=ama, scope="session" if series else "activity", maximum=maximum, minutes=minutes,
                statement=credit_statements.designation(a, ama, maximum), accreditation_statement=credit_statements.accreditation(joint=partners.get(a.pk, ())),
                rule_set=rulesets.version(), designated_at=a.designated_at, designated_by=s.staff,
            )
        )  # fmt: skip
    bulk(rows)
    for a in s.activities:
        if a.published_at:
            questionnaires.create_for(a, by=BY)
    bulk(
        SeriesPlan(activity=a, rule="FREQ=WEEKLY;BYDAY=TU", start_time=dt.time(12), minutes=60)
        for a in s.activities
        if a.kind == "RSS"
    )


def _attendance_and_claims(s: School) -> None:
    """A year of evidence with a long tail of regulars, and claims for all but about a tenth of it (decision 32)."""
    held = [
        x
        for a in s.activities
        if a.published_at
        for x in s.sessions[a.pk]
        if x.kind == SlotKind.EDUCATION and x.ends_at < s.now - dt.timedelta(minutes=30)
    ]
    if not held:
        return
    crowd = s.people[len(NAMED) :]
    weights = [1 / (1 + i % 400) for i in range(len(crowd))]
    per_session = max(1, s.size.evidence // len(held))
    evidence: list[AttendanceEvidence] = []
    seen: dict[tuple[int, int], list[Session]] = {}
    series = [a.pk for a in s.activities if a.kind == "RSS" and a.status == "published"][:3]
    regular = {*series, *[a.pk for a in s.activities if a.kind == "C" and a.status == "closed"][:3]}
    regulars = {a.pk: s.rng.choices(crowd, weights, k=per_session * 3) for a in s.activities}
    for session in held:
        group = {
            p.pk: p
            for p in s.rng.choices(regulars[session.activity_id], k=s.rng.randint(per_session // 2, per_session * 2))
        }
        if session.activity_id in regular:
            group |= {s.named[n].pk: s.named[n] for n in ("physician", "nurse")}
        for pk in group:
            at = session.starts_at + dt.timedelta(minutes=s.rng.randint(-8, 12))
            evidence.append(
                AttendanceEvidence(
                    session=session,
                    identity=s.identities[pk],
                    method=s.rng.choice(["code", "qr"]),
                    at=at,
                    recorded_by="learner",
                    recorded_at=at,
                )
            )
            seen.setdefault((session.activity_id, pk), []).append(session)
    bulk(evidence)
    people = {p.pk: p for p in s.people}
    activities = {a.pk: a for a in s.activities}
    registered = sorted({(a, p) for a, p in seen})
    bulk(
        Registration(activity_id=a, person_id=p, created_at=s.now - dt.timedelta(days=100), source="check-in")
        for a, p in registered
    )
    ahead = [a for a in s.activities if a.status == "published" and a.starts_on and a.starts_on > s.today]
    bulk(
        Registration(activity=a, person=p, created_at=s.now - dt.timedelta(days=5))
        for a in ahead for p in {x.pk: x for x in s.rng.choices(crowd, weights, k=25)}.values()
    )  # fmt: skip
    kept = [(key, [x for x in rows if s.rng.random() > 0.1]) for key, rows in sorted(seen.items())]
    _claims(s, people, activities, [(key, _apart(rows)) for key, rows in kept if rows])


def _apart(sessions: list[Session]) -> list[Session]:
    """Without those that overlap an earlier one: nobody sits in two rooms (AMA-CALC-4)."""
    found: list[Session] = []
    for session in sorted(sessions, key=lambda x: x.starts_at):
        if not found or found[-1].ends_at <= session.starts_at:
            found.append(session)
    return found


def _claims(
    s: School,
    people: dict[int, Person],
    activities: dict[int, Activity],
    attended: list[tuple[tuple[int, int], list[Session]]],
) -> None:
    kinds = {k.code: k for k in CreditType.objects.all()}
    designations = {d.activity_id: d for d in Designation.objects.filter(ended_at=None).select_related("credit_type")}
    sheets = {a.pk: questionnaires.current(a) for a in activities.values() if a.published_at}
    plans: list[tuple[Claim, ClaimTotal, list[ClaimLine]]] = []
    for (activity_id, person_id), sessions in attended:
        activity, person, designation = activities[activity_id], people[person_id], designations[activity_id]
        batches = [sessions[i : i + 4] for i in range(0, len(sessions), 4)] if activity.kind == "RSS" else [sessions]
        if person in s.named.values() and activity.kind == "RSS":
            batches = batches[:-1]  # the named learners keep something to claim
        for batch in batches:
            plans.append(_one_claim(s, activity, person, batch, designation, kinds))
    claims = bulk(c for c, _t, _l in plans)
    bulk(t for _c, t, _l in plans)
    bulk(line for _c, _t, lines in plans for line in lines)
    wording = {code: statements.body(code) for code in ("AMA-CERT-1", "AMA-CERT-2", "ATTENDANCE")}
    newest = {c.pk for c in sorted(claims, key=lambda c: c.claimed_at)[-s.size.rendered :]} | {
        c.pk for c in claims if c.person_id in {p.pk for p in s.named.values()}
    }
    rows = []
    for claim, total, lines in plans:
        code = document.new_code(s.provider, claim.claimed_at.year)
        snapshot = document.compose(claim, [total], lines, code=code, number=1, wording=wording.__getitem__)
        rows.append(
            Certificate(
                claim=claim, code=code, snapshot=snapshot, template_version=document.VERSION, requested_at=claim.claimed_at,
                status="preparing" if claim.pk in newest else "on_request",
            )
        )  # fmt: skip
    certificates = bulk(rows)
    bulk(
        Job(name="credits.tasks.render_certificate", args=[c.pk], key=f"certificate:{c.pk}", due_at=s.now, created_at=s.now)
        for c in certificates if c.status == "preparing"
    )  # fmt: skip
    done = {(sheets[c.activity_id].pk, c.person_id): c for c in claims if sheets[c.activity_id]}  # type: ignore[union-attr]
    bulk(Completion(questionnaire_id=q, person_id=p, at=c.claimed_at) for (q, p), c in done.items())
    _responses(s, [q for q, _p in done])


def _one_claim(
    s: School,
    activity: Activity,
    person: Person,
    sessions: list[Session],
    designation: Designation,
    kinds: dict[str, CreditType],
) -> tuple[Claim, ClaimTotal, list[ClaimLine]]:
    kind = kinds["ama_pra_1"] if person.is_physician else kinds["attendance"]
    series = designation.scope == "session"
    minutes = sum(x.minutes for x in sessions)
    each = [min(to_credit(x.minutes, "quarter_nearest"), designation.maximum) for x in sessions]
    total = sum(each, Decimal("0.00")) if series else min(to_credit(minutes, "quarter_nearest"), designation.maximum)
    last = sessions[-1].ends_at
    at = min(last + dt.timedelta(minutes=s.rng.randint(2, 60 * 24 * 6)), s.now)
    claim = Claim(
        person=person, activity=activity, claimed_at=at, participated_on=last.astimezone(ZoneInfo(activity.zone)).date(), rule_set=rulesets.version(),
        attestation="Demo school", is_physician=person.is_physician, form_key=uuid.UUID(int=s.rng.getrandbits(128), version=4),
    )  # fmt: skip
    row = ClaimTotal(
        claim=claim, credit_type=kind, designation=designation, minutes=minutes, credits=total if person.is_physician else Decimal("0.00"),
        designated=designation.maximum * len(sessions) if series else designation.maximum,
    )  # fmt: skip
    lines = [
        ClaimLine(
            claim=claim, person=person, activity=activity, session=x, credit_type=kind, family=kind.kin, minutes=x.minutes, facts={"source": "demo"},
            credits=(each[i] if person.is_physician else Decimal("0.00")) if series else None,
        )
        for i, x in enumerate(sessions)
    ]  # fmt: skip
    return claim, row, lines


def _responses(s: School, sheets: list[int]) -> None:
    """Anonymous answers of about every third learner."""
    chosen = s.rng.sample(sheets, k=len(sheets) // 3) if len(sheets) > 2 else sheets
    responses = bulk(
        Response(questionnaire_id=q, on=s.today - dt.timedelta(days=s.rng.randint(1, 200))) for q in chosen
    )
    from evaluations.models import Question

    questions: dict[int, list[Question]] = {}
    for q in Question.objects.all():
        questions.setdefault(q.questionnaire_id, []).append(q)
    bulk(
        Answer(
            response=r, question=q, number=s.rng.choices([3, 4, 5, 2], [2, 5, 5, 1])[0] if q.kind == "objective" else None,
            yes=s.rng.random() > 0.02 if q.kind == "bias" else None, text=s.rng.choice(q.choices) if q.kind == "commitment" else "",
        )
        for r in responses for q in questions[r.questionnaire_id] if q.kind != "text"
    )  # fmt: skip
