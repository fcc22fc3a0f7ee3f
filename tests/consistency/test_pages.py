"""Every address of the portal, opened as every role on a grown school: nobody meets an error, nobody sees what is not theirs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import rules
from django.conf import settings
from django.contrib.admin import site
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.actors import actor_of
from accounts.domain import links
from accounts.models import Department, DepartmentMember, NameChange, Person, PersonAddress, User
from activities.domain import changing, kiosks
from activities.enums import Section
from activities.models import Activity, GapEvidence, Handout, PracticeGap, Session
from cme_portal.school import build
from common import clock, rulesets
from common.actors import system
from common.models import OutboxMessage
from common.page import Page
from credits.domain import certificates, designs, runs, shares
from credits.domain.transcript_filters import Filters
from credits.models import Certificate, Claim, TranscriptDocument
from tests.factories.credits import ExternalCreditFactory
from tests.factories.imports import ImportBatchFactory, ImportRowFactory

pytestmark = pytest.mark.django_db
SIZE = build.Size(people=80, courses=30, series=2, enduring=2, sessions_per_series=8, evidence=300, rendered=2)
# Not ours: they decide by their own means who may come in.
FOREIGN_VIEWS = {"admin", "mfa"}
NOWHERE = 2_000_000_000


@dataclass(frozen=True)
class Address:
    """One pattern of the URL configuration."""

    name: str
    route: str
    parameters: tuple[str, ...]
    view: Any

    @property
    def declared(self) -> Page | None:
        return getattr(self.view, "page", None)


def addresses(resolver: URLResolver | None = None, space: str = "") -> Iterator[Address]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            names = [*filter(None, [space, entry.namespace])]
            yield from addresses(entry, ":".join(names))
        elif isinstance(entry, URLPattern) and entry.name:
            name = f"{space}:{entry.name}" if space else entry.name
            yield Address(name, str(entry.pattern), tuple(entry.pattern.converters), entry.callback)


def is_foreign(address: Address) -> bool:
    return address.name.split(":")[0] in FOREIGN_VIEWS or address.name.startswith("mfa_")


ALL = list(addresses())
OURS = [a for a in ALL if not is_foreign(a)]


def label(address: Address) -> str:
    return address.name


# --------------------------------------------------------------------------------------- the school


@dataclass(frozen=True)
class School:
    """A grown school, a person of each role, and an object of each kind: some of the learner's own, some of others."""

    people: dict[str, User | None]
    numbers: tuple[str, ...]
    objects: dict[str, list[dict[str, Any]]]
    foreign: dict[str, list[dict[str, Any]]]

    def examples(self, address: Address, role: str = "") -> list[dict[str, Any]]:
        """What to open an address with. Every state of an activity is opened by those it differs for, others see a few."""
        if not address.parameters:
            return [{}]
        if address.name in self.objects:
            return self.objects[address.name]
        if address.parameters == ("number",):
            return [
                {"number": n} for n in (self.numbers if role in {"learner", "planner", "staff"} else self.numbers[::5])
            ]
        return []


@pytest.fixture
def _django_db_helper():
    """The mark above only has the database made; its own transaction per test would close our connection."""


@pytest.fixture(scope="module")
def school(django_db_setup, django_db_blocker) -> Iterator[School]:
    """Built once, in a transaction that is taken back; the tests of this file only read, or take back what they write."""
    outer = transaction.atomic(savepoint=True)
    outer._from_testcase = True  # lets durable transactions run inside, as TestCase does
    with django_db_blocker.unblock(), outer:
        rulesets.forget()
        yield _grown(build.build(SIZE))
        transaction.set_rollback(True)
    from accounts.models import Provider

    Provider._current = None


@pytest.fixture
def visit(school):
    """Open an address as a role; whatever that writes is taken back."""
    inner = transaction.atomic(savepoint=True)
    inner._from_testcase = True
    with inner:
        yield lambda role, url: _read(_client(school.people[role]).get(url))
        transaction.set_rollback(True)


def _read(response: Any) -> Any:
    """To its end, so that the file behind a download is closed."""
    if response.streaming:
        list(response.streaming_content)
    return response


def _client(user: User | None) -> Client:
    client = Client(raise_request_exception=True)
    if user is not None:
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def _grown(made: build.School) -> School:
    named = {name: User.objects.get(person=person) for name, person in made.named.items()}
    stranger = User.objects.create_user("stranger@lakeshore.example", made.people[-1], date_joined=clock.now())
    elsewhere = Department.objects.create(code="ELSE", name="Elsewhere")
    DepartmentMember.objects.create(department=elsewhere, person=stranger.person, added_at=clock.now())
    people = {
        "anonymous": None, "learner": named["physician"], "speaker": named["speaker"], "planner": named["planner"], "stranger": stranger,
        "reviewer": named["reviewer"], "staff": named["staff"], "director": named["director"], "leadership": named["dean"],
    }  # fmt: skip
    physician = made.named["physician"]
    own = Claim.objects.filter(person=physician).order_by("-pk").first()
    other = Claim.objects.exclude(person__in=made.named.values()).order_by("pk").first()
    assert own is not None, "The school has no claims; make it larger."
    assert other is not None
    rendered = own.certificates.get()
    certificates.render(rendered.pk)
    kept = TranscriptDocument.objects.create(
        person=physician, code="LS-26-WALK-WALK-WALK", content_hash="0" * 64, template_version="walk", requested_at=clock.now(),
        snapshot=_transcript(physician),
    )  # fmt: skip
    strangers = TranscriptDocument.objects.create(
        person=other.person, code="LS-26-KLAW-KLAW-KLAW", content_hash="1" * 64, template_version="walk", requested_at=clock.now(),
        snapshot=_transcript(other.person),
    )  # fmt: skip
    by_status = {a.status: a for a in Activity.objects.order_by("pk")}
    planned = Activity.objects.filter(roles__person=made.named["planner"], roles__role="director")
    numbers = sorted(
        {a.number for a in by_status.values()}
        | {a.number for a in planned.order_by("pk")[:3]}
        | {made.activities[1].number, "2026-9999", "nonsense"}
    )
    series = made.activities[1]
    held = Session.objects.filter(activity=series, status="held").first()
    coming = Session.objects.filter(activity=series, status="ready").first()
    attended = Session.objects.filter(evidence__identity=made.identities[physician.pk]).first()
    assert held
    assert coming
    assert attended
    address = PersonAddress.objects.get(person=physician)
    gap = PracticeGap.objects.first()
    assert gap
    of_series = [{"number": series.number, "pk": s.pk} for s in (held, coming)] + [
        {"number": series.number, "pk": NOWHERE}
    ]
    token = _link(made)
    kiosk = kiosks.open_kiosk(session_id=coming.pk, by=actor_of(named["staff"]))[1].rstrip("/").split("/")[-1]
    certificate_codes = [
        {"code": rendered.code},
        {"code": other.certificates.get().code},
        {"code": "LS-26-ZZZZ-ZZZZ-ZZZZ"},
    ]
    proof = GapEvidence.objects.filter(file__isnull=False).get()
    objects: dict[str, list[dict[str, Any]]] = {
        "activities:gap_detail": [{"pk": gap.pk}, {"pk": NOWHERE}],
        "activities:request_answer": [{"number": numbers[0], "pk": NOWHERE}],
        "activities:session_change": of_series, "activities:session_present": of_series, "activities:session_sheet": of_series,
        "activities:session_attendance": of_series, "activities:session_door": of_series,
        "activities:session_kiosk": of_series, "activities:kiosk": [{"token": kiosk}, {"token": "nonsense"}], "activities:kiosk_sync": [{"token": kiosk}],
        "activities:application_section": [{"number": n, "section": s} for n in (planned[0].number,) for s in (*Section.values, "nonsense")]
        + [{"number": n, "section": Section.values[0]} for n in numbers],
        "credits:check_in_by_qr": [{"code": coming.check_in_code}, {"code": held.check_in_code}, {"code": "ZZZZZZ"}],
        "credits:check_in_by_screen": [{"token": changing.shown(coming).token}, {"token": "nonsense"}],
        "credits:check_out": [{"pk": attended.pk}, {"pk": NOWHERE}],
        "credits:checked_in": [{"pk": attended.pk}, {"pk": coming.pk}, {"pk": NOWHERE}],
        "credits:claimed": [{"pk": own.pk}, {"pk": other.pk}, {"pk": NOWHERE}],
        "credits:certificate": certificate_codes, "credits:verify_code": certificate_codes,
        "credits:transcript_document": [{"code": c.code} for c in (kept, strangers)], "credits:transcript_file": [{"code": c.code} for c in (kept, strangers)],
        "integrity:disclosure_by_link": [{"token": token}, {"token": "nonsense"}], "integrity:disclosure_new_link": [{"token": token}, {"token": "nonsense"}],
        "accounts:address_main": [{"pk": address.pk}, {"pk": NOWHERE}], "accounts:address_remove": [{"pk": address.pk}],
        "accounts:address_restore": [{"pk": address.pk}],
        "demo:sign_in_as": [{"user_id": stranger.pk}], "demo:message": [{"pk": _message()}, {"pk": NOWHERE}],
    }  # fmt: skip
    objects |= _newer(made, series, held, gap, physician)
    objects |= _of_certificates(named["staff"], rendered)
    own_line, their_line = ExternalCreditFactory(person=physician), ExternalCreditFactory(person=other.person)
    objects |= _of_transcripts(named["physician"], own_line.pk, their_line.pk)
    theirs = Activity.objects.exclude(department=elsewhere).filter(status="draft").first()
    assert theirs
    foreign = {
        # who must not find what: 404, as if it did not exist
        "learner": [
            {"name": "credits:claimed", "pk": other.pk}, {"name": "credits:certificate", "code": other.certificates.get().code},
            {"name": "credits:transcript_document", "code": strangers.code}, {"name": "credits:transcript_file", "code": strangers.code},
            {"name": "credits:external_change", "pk": their_line.pk}, {"name": "credits:external_proof", "pk": their_line.pk},
            {"name": "credits:checked_in", "pk": coming.pk}, {"name": "activities:activity_detail", "number": theirs.number},
            {"name": "activities:plan_detail", "number": theirs.number}, {"name": "activities:trace", "number": theirs.number},
            {"name": "activities:application_section", "number": theirs.number, "section": Section.values[0]},
            {"name": "activities:session_attendance", "number": series.number, "pk": held.pk},
            {"name": "credits:claim", "number": theirs.number}, {"name": "evaluations:evaluation_answer", "number": theirs.number},
            {"name": "activities:handout_list", "number": theirs.number}, {"name": "activities:gap_source_file", "pk": proof.gap_id, "source_pk": proof.pk},
        ],
        "stranger": [
            {"name": "activities:plan_detail", "number": theirs.number}, {"name": "activities:gap_detail", "pk": gap.pk},
            {"name": "activities:handout_list", "number": series.number}, {"name": "activities:gap_source_file", "pk": proof.gap_id, "source_pk": proof.pk},
            {"name": "activities:application_section", "number": theirs.number, "section": Section.values[0]},
            {"name": "activities:application_submit", "number": theirs.number}, {"name": "activities:application_withdraw", "number": theirs.number},
            {"name": "activities:series_plan", "number": series.number}, {"name": "activities:session_sheet", "number": series.number, "pk": held.pk},
            {"name": "credits:claimed", "pk": own.pk}, {"name": "credits:certificate", "code": rendered.code},
        ],
    }  # fmt: skip
    return School(people, tuple(numbers), objects, foreign)


def _newer(
    made: build.School, series: Activity, held: Session, gap: PracticeGap, physician: Person
) -> dict[str, list[dict[str, Any]]]:
    """Lists of attendance, people who may be one, missing credit; and what no row is needed for."""
    handouts = list(Handout.objects.filter(file__isnull=False).select_related("activity").order_by("pk")[:4])
    proof = GapEvidence.objects.filter(file__isnull=False).get()
    row = ImportRowFactory(batch=ImportBatchFactory(activity=series))
    former = ImportRowFactory(batch=ImportBatchFactory(activity=None, origin="LearnTrack", source="history"))
    one, two = made.people[30], made.people[31]
    batch = [{"number": series.number, "pk": pk} for pk in (row.batch_id, NOWHERE)]
    imports = ("detail", "columns", "confirm", "undo", "download")
    found: dict[str, list[dict[str, Any]]] = {f"activities:import_{name}": batch for name in imports}
    found |= {f"former:{name}": [{"pk": pk} for pk in (former.batch_id, NOWHERE)] for name in (*imports, "types")}
    found |= {
        "former:file": [{"pk": NOWHERE}],
        "former:row": [{"pk": former.batch_id, "row_pk": former.pk}, {"pk": NOWHERE, "row_pk": former.pk}],
    }
    pair = [{"kept_id": one.pk, "away_id": two.pk}, {"kept_id": one.pk, "away_id": NOWHERE}]
    found["accounts:phone_by_mail"] = [{"token": "nonsense"}]
    nowhere: dict[str, dict[str, Any]] = {name: {"pk": NOWHERE} for name in (
        "people:reopen", "accounts:phone_code", "accounts:phone_confirm", "accounts:licence_change", "credits:certificate_run",
        "credits:certificate_run_file", "certificate_desk:name_change", "certificate_desk:design", "certificate_desk:design_picture",
        "certificate_desk:design_use", "certificate_desk:design_end",
    )}  # fmt: skip
    one_type = {"code": "acpe"}
    found |= {
        "type_desk:detail": [one_type, {"code": "moc_abim"}, {"code": "nonsense"}], "type_desk:term": [one_type, {"code": "nonsense"}],
        "type_desk:settle": [{**one_type, "name": "rounding"}, {**one_type, "name": "statement"}, {**one_type, "name": "hour"}],
        "type_desk:term_end": [{**one_type, "pk": NOWHERE}], "desk:work_take_back": [{"number": series.number, "pk": NOWHERE}],
    }  # fmt: skip
    return found | {name: [arguments] for name, arguments in nowhere.items()} | {
        "activities:import_row": [{"number": series.number, "pk": row.batch_id, "row_pk": row.pk}, {"number": series.number, "pk": NOWHERE, "row_pk": row.pk}],
        "activities:import_file": [{"number": series.number, "pk": NOWHERE}], "activities:handout_file": [{"number": h.activity.number, "pk": h.pk} for h in handouts] + [{"number": series.number, "pk": NOWHERE}],
        "activities:gap_source_file": [{"pk": proof.gap_id, "source_pk": proof.pk}, {"pk": gap.pk, "source_pk": NOWHERE}], "demo:attachment": [{"pk": NOWHERE, "part": NOWHERE}],
        "people:compare": pair, "people:dismiss": pair, "people:find_same": [{"pk": one.pk}],
        "credits:why_session": [{"pk": held.pk}, {"pk": NOWHERE}], "credits:attest": [{"pk": held.pk}, {"pk": NOWHERE}],
        "credits:why_people": [{"number": series.number, "pk": pk} for pk in (held.pk, NOWHERE)],
        "credits:why_of_person": [{"number": series.number, "pk": held.pk, "person_id": p} for p in (physician.pk, NOWHERE)],
        "certificate_desk:design_preview": [{"pk": NOWHERE, "kind": "shortest"}], "certificate_desk:design_file": [{"pk": NOWHERE, "kind": "longest"}],
    }  # fmt: skip


def _of_certificates(staff: User, rendered: Certificate) -> dict[str, list[dict[str, Any]]]:
    """Work over many certificates, a draft of their design, somebody who asks for a new name."""
    by = actor_of(staff)
    run = runs.ask(kind="zip", chosen=runs.Chosen(rendered.claim.activity), by=by)
    draft = designs.start(by=by)
    change = NameChange.objects.create(
        person=rendered.claim.person, old_name="Before", new_name="After", reason="walk", changed_at=clock.now(), changed_by="walk",
        wants_certificates=True,
    )  # fmt: skip
    real = {
        "credits:certificate_run": run.pk, "credits:certificate_run_file": run.pk, "certificate_desk:name_change": change.pk,
        **dict.fromkeys((f"certificate_desk:design{part}" for part in ("", "_picture", "_use", "_end")), draft.pk),
    }  # fmt: skip
    found = {name: [{"pk": pk}, {"pk": NOWHERE}] for name, pk in real.items()}
    for name, kind in (("design_preview", "shortest"), ("design_file", "longest")):
        found[f"certificate_desk:{name}"] = [
            {"pk": draft.pk, "kind": kind},
            {"pk": NOWHERE, "kind": kind},
            {"pk": draft.pk, "kind": "x"},
        ]
    return found


def _of_transcripts(learner: User, own: int, other: int) -> dict[str, list[dict[str, Any]]]:
    """Credit from elsewhere with its proof, and a link for others."""
    share, token = shares.make(
        person_id=learner.person_id, label="walk", filters=Filters(), days=30, by=actor_of(learner)
    )
    line = [{"pk": own}, {"pk": other}, {"pk": NOWHERE}]
    return {
        "credits:external_change": line, "credits:external_proof": line, "credits:external_remove": line, "credits:external_restore": line,
        "credits:requirement_change": [{"code": "ct_md"}, {"code": "mi_md"}, {"code": "nonsense"}], "credits:requirement_remove": [{"code": "ct_md"}],
        "credits:record_of": [{"pk": learner.person_id}, {"pk": NOWHERE}], "credits:why_of_anybody": [{"pk": learner.person_id}, {"pk": NOWHERE}], "credits:record_file": [{"pk": NOWHERE}],
        "credits:transcript_share_end": [{"pk": share.pk}, {"pk": NOWHERE}], "credits:transcript_shared": [{"token": token}, {"token": "nonsense"}],
    }  # fmt: skip


def _transcript(person: Person) -> dict[str, Any]:
    """The frozen content of a transcript as the page reads it; made by the same function as the real one."""
    from credits.documents import transcript as document
    from credits.domain import transcripts

    return document.coded(
        document.content(person, transcripts.load(person), clock.now().date()), "LS-26-WALK-WALK-WALK"
    )


def _link(made: build.School) -> str:
    _grant, token = links.make(
        person=made.named["speaker"], purpose="disclosure", obj=made.activities[0], by=system("walk"), days=3
    )
    return token


def _message() -> int:
    return OutboxMessage.objects.create(
        to="a@lakeshore.example",
        template="walk",
        subject="Walk",
        text="Walk",
        html="<p>Walk</p>",
        created_at=clock.now(),
    ).pk


# --------------------------------------------------------------------------------------- the guards

NO_PAGE = {"admin:login", "admin:logout", "admin:jsi18n", "admin:app_list"}


def office_addresses() -> list[str]:
    """The office's lists and, per kind of row, the page of one."""
    found = [reverse(a.name) for a in ALL if a.name.startswith("admin:") and not a.parameters and a.name not in NO_PAGE]
    for model in site._registry:
        row = model._default_manager.order_by("pk").first()
        if row is not None:
            found.append(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk]))
    return found


ROLES = ("anonymous", "learner", "speaker", "planner", "stranger", "reviewer", "staff", "director", "leadership")


def test_every_view_declares_who_may_open_it():
    assert [a.name for a in OURS if a.declared is None] == []


def test_every_address_has_an_object_to_be_visited_with(school):
    """A new address with a parameter gets an example in `_grown`, or nobody ever opens it here."""
    assert [a.name for a in OURS if not school.examples(a)] == []


@pytest.mark.parametrize("role", ROLES)
def test_no_role_meets_an_error_and_none_passes_a_closed_door(role, school, visit):
    user = school.people[role]
    wrong, opened = [], 0
    for address in OURS:
        page = address.declared
        for arguments in school.examples(address, role):
            url = reverse(address.name, kwargs=arguments)
            response = visit(role, url)
            opened += response.status_code == 200
            expected = _expected(page, user)
            if address.name in {"healthz", "readyz"}:
                expected = {200, 503}
            if response.status_code not in expected:
                wrong.append(f"{url}: {response.status_code}, expected {sorted(expected)}")
            elif expected == {302} and not response.url.startswith(reverse(settings.LOGIN_URL)):
                wrong.append(f"{url}: sent to {response.url} instead of signing in")
    assert wrong == []
    assert opened > 10, "The walk opens next to nothing; is the school empty?"


def _expected(page: Page, user: User | None) -> set[int]:
    if page.perm and user is None:
        return {302}
    if page.perm and not rules.has_perm(page.perm, actor_of(user)):
        return {403}
    return {200, 302, 400, 403, 404, 405, 409, 410}


@pytest.mark.parametrize("role", ["learner", "stranger"])
def test_foreign_objects_are_not_found(role, school, visit):
    wrong = []
    for entry in school.foreign[role]:
        arguments = {k: v for k, v in entry.items() if k != "name"}
        url = reverse(entry["name"], kwargs=arguments)
        if (status := visit(role, url).status_code) != 404:
            wrong.append(f"{url}: {status}")
    assert wrong == []


@pytest.mark.parametrize("role", [r for r in ROLES if r not in {"staff", "director"}])
def test_the_office_is_closed_to_everybody_else(role, school, visit):
    """No list, no row, no form for anybody without an office role (decision 21)."""
    wrong = {
        url: status for url in office_addresses() if (status := visit(role, url).status_code) not in {302, 403, 404}
    }
    assert wrong == {}


@pytest.mark.parametrize("role", ["staff", "director"])
def test_the_office_opens_its_lists_and_rows(role, school, visit):
    answers = {url: visit(role, url).status_code for url in office_addresses()}
    assert {url: status for url, status in answers.items() if status not in {200, 302, 403}} == {}
    assert not answers or 200 in answers.values()


def test_only_declared_methods_are_answered(school, visit):
    """A page that only reads refuses POST; no page takes PUT or DELETE."""
    client, wrong = _client(school.people["director"]), []
    for address in OURS:
        arguments = next(iter(school.examples(address)), None)
        if arguments is None:
            continue
        url = reverse(address.name, kwargs=arguments)
        methods = ["put", "delete"] + ([] if address.declared.write else ["post"])
        wrong += [f"{m} {url}" for m in methods if getattr(client, m)(url).status_code != 405]
    assert wrong == []


def test_every_post_wants_its_token(school, settings):
    """CSRF is on for every page that writes, signed in or not; what the carrier of text messages brings wants its signature."""
    settings.SMS_AUTH_TOKEN, wrong = "a-token-of-the-carrier-0123456789", []
    for user in (None, school.people["learner"]):
        client = Client(enforce_csrf_checks=True)
        if user:
            client.force_login(user)
        for address in OURS:
            arguments = next(iter(school.examples(address)), None)
            if address.declared.write and arguments is not None:
                url = reverse(address.name, kwargs=arguments)
                if client.post(url, {"x": "1"}).status_code != 403:
                    wrong.append(url)
    assert wrong == []
