"""A department with its people, and case 1 of the planning cases: a course with a gap, a team, breaks, parallel sessions."""

import datetime as dt
import itertools
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actors import actor_of, actor_of_person
from activities.domain import applications, gates, plan
from activities.models import Activity, Objective, PracticeGap, Session
from common import clock
from integrity.domain import disclosures
from tests.factories import (
    ActivityFactory,
    ActivityRoleFactory,
    DepartmentFactory,
    GapFactory,
    ObjectiveFactory,
    PersonFactory,
    ProviderFactory,
    SessionFactory,
    UserFactory,
)

# (from, to, kind, title, objectives taught, speaker)
CASE_1_AGENDA = [
    ("08:00", "08:15", "welcome", "Welcome", (), None),
    ("08:15", "09:15", "education", "Four pillars, first four weeks", (1,), "cardiologist"),
    ("09:15", "10:00", "education", "Low pressure, bad kidneys: cases", (2,), "cardiologist"),
    ("10:00", "10:15", "break", "Break", (), None),
    ("10:15", "11:30", "education", "Workshop: titration clinic", (2,), "pharmacist"),
    ("10:15", "11:30", "education", "Workshop: patient coaching", (3,), "nurse"),
    ("11:30", "12:30", "education", "A titration protocol for our clinics", (2, 3), "pharmacist"),
    ("12:30", "13:15", "meal", "Lunch", (), None),
    ("13:15", "14:45", "education", "Simulation with observed feedback", (1, 2, 3), "cardiologist"),
]
CASE_1_OBJECTIVES = [
    ("Start all four classes in an eligible patient within four weeks", "knowledge", "performance"),
    (
        "Adjust doses by blood pressure, potassium and kidney function using a shared protocol",
        "competence",
        "competence",
    ),
    ("Hand titration to a pharmacist- or nurse-led visit with a written plan", "performance", "performance"),
]
NEEDS = {
    "knowledge": "Indications and contraindications of each class",
    "competence": "A titration plan for a patient with low blood pressure or kidney disease",
    "performance": "Nobody owns titration between visits",
}

_numbers = itertools.count(1)


@dataclass
class School:
    """A department and who plans in it."""

    department: Any = field(default_factory=DepartmentFactory)

    def __post_init__(self):
        ProviderFactory()
        self.planner = UserFactory(departments=[self.department])
        self.outsider = UserFactory(departments=[DepartmentFactory()])
        self.staff = UserFactory(roles=["staff"])

    @property
    def by(self):
        return actor_of(self.planner)

    def draft(self, **values) -> Activity:
        # Numbers of another year: those of this year are given by the domain.
        number = f"2025-{next(_numbers):04d}"
        return ActivityFactory(
            department=self.department, created_by=self.planner.person, **{"number": number, **values}
        )

    def gap(self, **values) -> PracticeGap:
        return GapFactory(department=self.department, created_by=self.planner.person, **values)


def section_url(activity: Activity, section: str) -> str:
    return reverse("activities:application_section", args=[activity.number, section])


def open_titles(activity: Activity) -> list[str]:
    return [
        f.title
        for f in gates.for_submission(plan.load(Activity.objects.get(pk=activity.pk)))
        if f.is_open and f.group != "Independence"
    ]


class Writer:
    """Fills sections as a browser would: it posts every field of the page, changed or not."""

    def __init__(self, client, activity):
        self.client, self.activity = client, activity

    def post(self, section: str, action: str = "save", opened: int = 0, **changes) -> Any:
        page = self.client.get(section_url(self.activity, section), {"open": opened} if opened else {})
        assert page.status_code == 200, page.status_code
        data = {**form_data(page), **changes, "action": action}
        return self.client.post(section_url(self.activity, section), {k: v for k, v in data.items() if v is not None})


def form_data(page: Any) -> dict[str, Any]:
    """What a browser sends from the section's form as it stands."""

    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.data, self.on, self.select, self.area = {}, False, None, None

        def put(self, name, value):
            if name in self.data:
                old = self.data[name]
                self.data[name] = [*(old if isinstance(old, list) else [old]), value]
            else:
                self.data[name] = value

        def handle_starttag(self, tag, attrs):
            a = dict(attrs)
            if tag == "form":
                self.on = a.get("id") == "section-form" or "data-autosave" in a
            if not self.on or not (a.get("name") or tag == "option"):
                return
            if tag == "input" and a.get("type") in {"checkbox", "radio"}:
                if "checked" in a:
                    self.put(a["name"], a.get("value", "on"))
            elif tag == "input":
                self.put(a["name"], a.get("value") or "")
            elif tag == "select":
                self.select = a["name"]
                self.data.setdefault(self.select, "")
            elif tag == "option" and self.select and "selected" in a:
                self.data[self.select] = a.get("value") or ""
            elif tag == "textarea":
                self.area, self.data[a["name"]] = a["name"], ""

        def handle_endtag(self, tag):
            if tag == "form":
                self.on = False
            if tag == "select":
                self.select = None
            if tag == "textarea":
                self.area = None

        def handle_data(self, text):
            if self.area:
                self.data[self.area] += text

    reader = Reader()
    reader.feed(page.content.decode())
    return {
        k: v.lstrip("\r\n") if isinstance(v, str) else v for k, v in reader.data.items() if k != "csrfmiddlewaretoken"
    }


def write_case_1(client, school: School, *, day: dt.date | None = None) -> Any:
    """Plan case 1 through the pages, as the planner; everything but disclosures and the signature."""
    day = day or clock.today("America/New_York") + dt.timedelta(days=90)
    client.force_login(school.planner)
    gap = school.gap(title="Heart failure medicines are started late and stay low")
    made = client.post(
        reverse("activities:application_create"),
        {
            "title": "Four Pillars in Four Weeks",
            "kind": "C",
            "department": school.department.pk,
            "part": "coordinator",
            "gap": gap.pk,
        },
    )
    activity = Activity.objects.get(number=made["Location"].split("/")[2])
    write = Writer(client, activity)
    write.post(
        "basics", starts_on=day.isoformat(), ends_on=day.isoformat(), delivery="both", location="Harbor Auditorium", city="Lakeshore",
        professions=["physician", "np", "pa", "nurse", "pharmacist"], audience="Clinicians who care for outpatients with heart failure", expected_learners="120",
    )  # fmt: skip
    people = {
        "cardiologist": ("director", "Ingrid", "Solberg", "MD", "physician"), "nurse": ("nurse_planner", "Chika", "Okafor", "RN", "nurse"),
        "pharmacist": ("pharmacist_planner", "Luis", "Ruiz", "PharmD", "pharmacist"),
    }  # fmt: skip
    for key, (role, given, family, degrees, profession) in people.items():
        answer = write.post(
            "people",
            "add",
            email=f"{key}@lakeshore.example",
            role=role,
            given_name=given,
            family_name=family,
            degrees=degrees,
            profession=profession,
        )
        assert answer.status_code == 302, answer.content.decode()
    who = {r.person.profession: r.person for r in activity.roles.select_related("person") if r.role != "coordinator"}
    persons = SimpleNamespace(cardiologist=who["physician"], nurse=who["nurse"], pharmacist=who["pharmacist"])
    key = f"gap{gap.pk}"
    write.post(
        "gap", **{
            f"{key}-audience": "Clinicians of our heart failure and primary care clinics", f"{key}-own_learners": "Our own audit found the same.",
            f"{key}-current_practice": "Of eligible patients 27% had no ACE inhibitor, ARB or ARNI; 1% were on target doses of all three.",
            f"{key}-desired_practice": "Four classes, started early and titrated.",
            **{f"{key}-has_{kind}": "on" for kind in NEEDS}, **{f"{key}-need_{kind}": text for kind, text in NEEDS.items()},
        },
    )  # fmt: skip
    for kind, citation in (
        ("registry", "Greene et al., J Am Coll Cardiol 2018;72:351-366"),
        ("guideline", "2022 AHA/ACC/HFSA guideline"),
    ):
        prefix = f"source{gap.pk}"
        answer = write.post("gap", f"add_source:{gap.pk}", **{f"{prefix}-kind": kind, f"{prefix}-citation": citation})
        assert answer.status_code == 302
    needs = {n.kind: n.pk for n in gap.needs.filter(removed_at=None)}
    for text, need, result in CASE_1_OBJECTIVES:
        write.post("objectives", "add")
        pk = Objective.objects.filter(activity=activity).latest("pk").pk
        write.post("objectives", **{f"o{pk}-text": text, f"o{pk}-need": needs[need], f"o{pk}-result": result})
    objectives = list(activity.objectives.all())
    for start, end, kind, title, taught, speaker in CASE_1_AGENDA:
        write.post("agenda", "add")
        pk = Session.objects.filter(activity=activity).latest("pk").pk
        write.post(
            "agenda", opened=pk, credit_types=["ama_pra_1"], **{
                f"s{pk}-starts": start, f"s{pk}-ends": end, f"s{pk}-kind": kind, f"s{pk}-title": title, f"s{pk}-day": day.isoformat(),
                f"s{pk}-objectives": [str(objectives[n - 1].pk) for n in taught],
                f"s{pk}-speakers": [str(getattr(persons, speaker).pk)] if speaker else [],
            },
        )  # fmt: skip
    write.post(
        "format", designed_to_change=["competence", "performance"], change_text="Clinics start four classes in four weeks.", methods=["cases", "simulation"],
        format_reason="Skills need practice with feedback.", competencies=["abms_patient_care", "ipec_teams"],
    )  # fmt: skip
    write.post(
        "evaluation",
        evaluation_level="5",
        evaluation_tools=["survey", "commitment", "audit"],
        evaluation_text="Our clinic’s audit at six months.",
    )
    activity.refresh_from_db()
    return SimpleNamespace(activity=activity, gap=gap, people=persons, write=write, day=day)


def complete(school: School, **values) -> Any:
    """Case 1 as rows, without the pages: everything in order but disclosures and the signature."""
    day = clock.today("America/New_York") + dt.timedelta(days=90)
    columns = {
        "starts_on": day, "ends_on": day, "professions": ["physician", "nurse", "pharmacist"], "audience": "Heart failure clinics",
        "expected_learners": 120, "designed_to_change": ["performance"], "change_text": "Four classes in four weeks.", "methods": ["cases"],
        "format_reason": "Skills need practice.", "competencies": ["ipec_teams"], "credit_types": ["ama_pra_1"], "evaluation_level": "5",
        "evaluation_tools": ["audit"], "evaluation_text": "Our audit at six months.",
    }  # fmt: skip
    activity = school.draft(**{**columns, **values})
    gap = school.gap()
    for kind, text in NEEDS.items():
        gap.needs.create(kind=kind, text=text)
    for citation in ("Greene et al., 2018", "2022 guideline"):
        gap.evidence.create(kind="literature", citation=citation, created_at=clock.now())
    activity.gap_links.create(gap=gap, own_learners="Our own audit found the same.")
    people = SimpleNamespace(
        cardiologist=PersonFactory(family_name="Solberg"),
        nurse=PersonFactory(nurse=True),
        pharmacist=PersonFactory(pharmacist=True),
    )
    for person, role in (
        (people.cardiologist, "director"),
        (people.nurse, "nurse_planner"),
        (people.pharmacist, "pharmacist_planner"),
    ):
        ActivityRoleFactory(activity=activity, person=person, role=role)
    needs = {n.kind: n for n in gap.needs.all()}
    objectives = [
        ObjectiveFactory(activity=activity, position=n, text=text, need=needs[need], result=result)
        for n, (text, need, result) in enumerate(CASE_1_OBJECTIVES, start=1)
    ]
    for start, end, kind, title, taught, speaker in CASE_1_AGENDA:
        times = {
            name: clock.local(day, dt.time.fromisoformat(at), activity.zone)
            for name, at in (("starts_at", start), ("ends_at", end))
        }
        session = SessionFactory(
            activity=activity,
            status="planned",
            kind=kind,
            title=title,
            check_in_code="",
            code_released_at=None,
            **times,
        )
        session.objectives.set(objectives[n - 1] for n in taught)
        if speaker:
            ActivityRoleFactory(activity=activity, session=session, person=getattr(people, speaker), role="speaker")
    return SimpleNamespace(activity=activity, gap=gap, people=people, objectives=objectives, day=day)


def disclose(activity: Activity) -> None:
    """Everybody who was asked answers “none”, through the domain of disclosures."""
    for person in {
        r.person for r in activity.roles.filter(removed_at=None, controls_content=True).select_related("person")
    }:
        disclosures.submit(
            person_id=person.pk,
            answer="none",
            relationships=[],
            attested_name=person.full_name,
            method="link",
            by=actor_of_person(person),
        )


def sign(activity: Activity, director: Any) -> None:
    applications.sign_application(activity_id=activity.pk, name=director.full_name, by=actor_of_person(director))


def count_queries(act: Any) -> int:
    """How many queries an act costs; the test clock's own look, once a second, is not the act's."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return sum("common_clockoffset" not in q["sql"] for q in captured)
