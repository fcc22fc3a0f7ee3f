"""Several credit types for one activity: designated on one page, claimed at once, a line each on paper (IP-1 to IP-4, AMA-CERT-4)."""

import datetime as dt
from decimal import Decimal
from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from accounts.actors import actor_of
from accounts.models import AccreditationTerm, Person, PersonNumber
from activities.domain import plan
from activities.models import Activity
from common import clock, statements
from common.errors import Invalid
from credits.adjust_forms import AdjustForm
from credits.domain import achievements, adjusting, certificates, designations, facts, types
from credits.models import Achievement, AwardTerm, CertificateFile, Claim, CreditType, Designation, TypeSetting
from tests.factories import ActivityFactory, ActivityRoleFactory, PersonFactory, SessionFactory, UserFactory
from tests.integration.claim_cases import BY, STATEMENT, attend, evaluate, ready
from tests.integration.office_cases import fresh, office

pytestmark = pytest.mark.django_db
UAN = "JA4008106-0000-26-001-L01-P"


@pytest.fixture
def director(client):
    user = UserFactory(roles=["director"])
    client.force_login(user)
    return user


def joint() -> None:
    """The provider's term under Joint Accreditation, which permits nursing, pharmacy and IPCE."""
    AccreditationTerm.objects.update(mode="joint")


def settle(by, code: str, **values: str) -> None:
    for name, value in values.items():
        types.settle(code=code, name=name, value=value, source="Letter of 2026-01-12", by=by)


def acpe(by) -> None:
    settle(by, "acpe", rounding="quarter_down", increment="0.25", partial="attested", statement="Approved for {credits} contact hours ({ceu} CEUs), {uan}.")  # fmt: skip


def approved(director):
    """Case 1, approved under Joint Accreditation, with a pharmacist among its planners."""
    made = office("approved")
    joint()
    ActivityRoleFactory(activity=made.activity, role="planner", person=PersonFactory(pharmacist=True))
    return made


def url(made, name="designate") -> str:
    return reverse(f"desk:{name}", args=[made.activity.number])


def live(made) -> dict[str, Decimal]:
    return dict(Designation.objects.filter(activity=made.activity, ended_at=None).values_list("credit_type", "maximum"))


# --- the office designates ---------------------------------------------------------------------------


def by_of(user):
    from accounts.actors import actor_of

    return actor_of(user)


def test_the_page_shows_what_each_type_comes_to_and_what_it_needs(client, director):
    made = approved(director)
    acpe(by_of(director))
    page = client.get(url(made)).content.decode()
    assert page.count("5.50") >= 2
    for words in (
        "AMA PRA Category 1 Credits",
        "pharmacy contact hours",
        "UAN for pharmacists",
        "The planners asked for it.",
    ):
        assert words in page
    # Psychology has no term; nothing is said of it, because nobody asked for it.
    assert "Psychology" not in page


def test_several_types_are_designated_at_once(client, director):
    made = approved(director)
    acpe(by_of(director))
    said = {"ama_pra_1": "on", "acpe": "on", "acpe-uan": UAN.lower(), "acpe-acpe_kind": "knowledge"}
    done = client.post(url(made), said, follow=True).content.decode()
    assert "5.50 AMA PRA Category 1 Credits™, 5.50 pharmacy contact hours" in done
    assert live(made) == {"ama_pra_1": Decimal("5.50"), "acpe": Decimal("5.50")}
    row = Designation.objects.get(credit_type="acpe")
    assert row.details == {"uan": UAN, "acpe_kind": "knowledge"}
    assert row.statement == f"Approved for 5.50 contact hours (0.550 CEUs), {UAN}."
    assert (row.rounding, row.partial, row.hour) == ("quarter_down", "attested", 60)


@pytest.mark.parametrize(
    ("uan", "sentence"),
    [
        ("", "Write the UAN"),
        ("1234", "A UAN looks like"),
        ("JA4008106-0000-26-001-H01-P", "This activity is live, L; the UAN says H."),
        ("JA4008106-9999-26-001-L01-P", "The second part is 0000, because it has no joint provider."),
        ("JA4008106-0000-26-001-L01-T", "The UAN for pharmacists ends in P; this one ends in T."),
    ],
)
def test_a_wrong_uan_stands_on_its_field_and_nothing_is_designated(client, director, uan, sentence):
    """IP-4, ACPE-2."""
    made = approved(director)
    acpe(by_of(director))
    page = client.post(url(made), {"ama_pra_1": "on", "acpe": "on", "acpe-uan": uan, "acpe-acpe_kind": "knowledge"})
    form = page.context["form"]
    assert [text.startswith(sentence) for text in form.errors["acpe-uan"]] == [True]
    assert form.data["acpe-uan"] == uan
    assert live(made) == {}
    assert fresh(made).status == "approved"


def test_no_pharmacy_credit_for_a_series_and_none_without_a_pharmacist(director):
    """IP-3: the matrix of types and kinds; ACPE-1."""
    made = office("approved")
    joint()
    acpe(by_of(director))
    kind = types.settled(["acpe"])[0]
    assert designations.why_not(plan.load(made.activity), kind) == []  # case 1 has a pharmacist who plans
    Activity.objects.filter(pk=made.pk).update(kind="RSS")
    assert designations.why_not(plan.load(fresh(made)), kind) == [
        "Pharmacy contact hours (ACPE) does not go with this kind of activity: regularly scheduled series (IP-3)."
    ]


def test_what_the_rulebook_leaves_open_is_not_designated(client, director):
    made = approved(director)
    page = client.get(url(made)).content.decode()
    assert "Not settled yet: rounding, steps, attended in part, designation statement." in page
    client.post(url(made), {"acpe": "on", "acpe-uan": UAN, "acpe-acpe_kind": "knowledge"})
    assert live(made) == {}


def test_staff_with_a_part_in_the_activity_do_not_designate_it(client):
    made = approved(None)
    user = UserFactory(roles=["staff"])
    ActivityRoleFactory(activity=made.activity, role="planner", person=user.person)
    client.force_login(user)
    assert client.get(url(made)).status_code == 403
    assert client.post(url(made), {"ama_pra_1": "on"}).status_code == 403
    assert live(made) == {}


# --- credit types as data ----------------------------------------------------------------------------


def test_the_director_settles_an_open_value_with_its_source(client, director):
    page = client.get(reverse("type_desk:detail", args=["acpe"])).content.decode()
    assert "Until it is settled, this type cannot be designated." in page
    to = reverse("type_desk:settle", args=["acpe", "rounding"])
    silent = client.post(to, {"value": "quarter_down", "source": ""})
    assert silent.context["form"].errors == {"source": ["Say who told us: a letter with its date, a handbook with its page."]}  # fmt: skip
    assert TypeSetting.objects.count() == 0
    client.post(to, {"value": "quarter_down", "source": "ACPE, letter of 2026-01-12"})
    assert [(r.value, r.source, r.ended_at) for r in TypeSetting.objects.all()] == [("quarter_down", "ACPE, letter of 2026-01-12", None)]  # fmt: skip
    client.post(to, {"value": "half_down", "source": "ACPE, letter of 2026-02-01"})
    assert [(r.value, r.ended_at is None) for r in TypeSetting.objects.order_by("pk")] == [("quarter_down", False), ("half_down", True)]  # fmt: skip
    assert types.settled(["acpe"])[0].rounding == "half_down"


def test_a_value_with_a_source_is_fixed(client, director):
    assert client.get(reverse("type_desk:settle", args=["ama_pra_1", "rounding"])).status_code == 404
    assert client.post(reverse("type_desk:settle", args=["ama_pra_1", "rounding"]), {"value": "half_down", "source": "x"}).status_code == 404  # fmt: skip
    assert TypeSetting.objects.count() == 0


def test_staff_read_types_and_do_not_settle_them(client):
    client.force_login(UserFactory(roles=["staff"]))
    home = client.get(reverse("type_desk:home"))
    assert (home.status_code, "1 profession</td>" in home.text, "1 professions" in home.text) == (200, True, False)
    assert "Settle" not in client.get(reverse("type_desk:detail", args=["acpe"])).content.decode()
    for name, args in (("settle", ["acpe", "rounding"]), ("term", ["aapa"])):
        assert client.post(reverse(f"type_desk:{name}", args=args), {"value": "half_down", "source": "x"}).status_code == 403  # fmt: skip
    assert TypeSetting.objects.count() + AwardTerm.objects.count() == 0


def test_a_term_of_its_own_permits_a_type_for_its_time(client, director):
    made = office("approved")
    assert "aapa" not in types.permits()
    day = clock.today(made.activity.zone)
    said = {
        "starts_on": day,
        "ends_on": day + dt.timedelta(days=800),
        "number": "AAPA 77",
        "statement": "We may award AAPA.",
    }
    client.post(reverse("type_desk:term", args=["aapa"]), said)
    term = AwardTerm.objects.get()
    assert types.permits()["aapa"].term == term
    assert types.permits(day - dt.timedelta(days=1)).get("aapa") is None
    overlapping = client.post(reverse("type_desk:term", args=["aapa"]), said)
    assert "A term for this time is written down already" in overlapping.content.decode()
    client.post(url(made), {"aapa": "on", "aapa-valid_until": f"{made.activity.ends_on + dt.timedelta(days=30)}"})
    row = Designation.objects.get(credit_type="aapa", ended_at=None)
    assert (row.maximum, row.accreditation_statement) == (Decimal("5.50"), "We may award AAPA.")
    client.post(reverse("type_desk:term_end", args=["aapa", term.pk]), {"reason": "Not renewed."})
    assert "aapa" not in types.permits()
    assert live(made)["aapa"] == Decimal("5.50")


def test_planners_may_ask_for_what_the_provider_may_award(client):
    made = office("submitted")
    asked = {code for code, _label in types.to_ask(made.activity)}
    assert {"ama_pra_1", "attendance"} <= asked
    assert not {"acpe", "ancc", "ipce", "apa"} & asked
    joint()
    assert {"acpe", "ancc", "ipce"} <= {code for code, _label in types.to_ask(made.activity)}


# --- what a learner claims, and what is printed ------------------------------------------------------


def designate(activity, code: str, maximum="2.00", **values) -> Designation:
    kind = CreditType.objects.get(code=code)
    common = {
        "activity": activity, "credit_type": kind, "scope": "activity", "maximum": Decimal(maximum), "minutes": 120, "statement": "", "accreditation_statement": STATEMENT,
        "rule_set": "2026-01-01", "designated_at": clock.now(), "designated_by": PersonFactory(), "needs": kind.needs,
    }  # fmt: skip
    return Designation.objects.create(**{**common, **values})


def attended(person: Person, *, types_: dict[str, dict] | None = None):
    """Two hours just over, an evaluation that is done, and the types beside AMA PRA."""
    person, activity, sessions = ready(sessions=2, person=person)
    for code, values in (types_ or {}).items():
        designate(activity, code, **values)
    return activity, sessions


def claim_url(activity) -> str:
    return reverse("credits:claim", args=[activity.number])


def post(client, person, activity, sessions, **said):
    client.force_login(UserFactory(person=person))
    return client.post(claim_url(activity), {**{f"s{s.pk}": "1.00" for s in sessions}, **said})


def test_a_pharmacist_gets_contact_hours_with_uan_and_ceu(client, django_capture_on_commit_callbacks):
    person = PersonFactory(pharmacist=True)
    activity, sessions = attended(person, types_={"acpe": {"details": {"uan": UAN}}})
    said = {"ask-nabp": "1234567", "ask-birth_month": "3", "ask-birth_day": "14"}
    with django_capture_on_commit_callbacks(execute=True):
        post(client, person, activity, sessions, **said)
    made = Claim.objects.get()
    assert [(t.credit_type_id, t.credits, t.details) for t in made.totals.all()] == [
        ("acpe", Decimal("2.00"), {"CEU": "0.200", "uan": UAN})
    ]
    certificate = made.certificates.get()
    assert (
        statements.plain(certificate.snapshot["facts"]["credit_runs"])
        == f"2.00 pharmacy contact hours (0.200 CEU), UAN {UAN}"
    )
    certificates.render(certificate.pk)
    pages = PdfReader(BytesIO(bytes(CertificateFile.objects.get(certificate=certificate).content))).pages
    text = " ".join(pages[0].extract_text().split())
    assert len(pages) == 1
    assert "2.00 pharmacy contact hours (0.200 CEU), UAN" in text
    assert "The official statement of credit comes from CPE Monitor" in text


def test_the_claim_page_asks_for_what_the_type_needs_and_keeps_what_was_typed(client):
    person = PersonFactory(pharmacist=True)
    activity, sessions = attended(person, types_={"acpe": {"details": {"uan": UAN}}})
    client.force_login(UserFactory(person=person))
    page = client.get(claim_url(activity)).content.decode()
    for words in ("NABP e-Profile ID", "Birthday: month", "The name on your certificate", person.name_with_degrees):
        assert words in page
    wrong = {**{f"s{s.pk}": "0.75" for s in sessions}, "ask-nabp": "abc", "ask-birth_month": "2", "ask-birth_day": "31"}
    refused = client.post(claim_url(activity), wrong).content.decode()
    assert Claim.objects.count() == PersonNumber.objects.count() == 0
    assert refused.count('value="0.75"') == 2
    assert 'value="abc"' in refused
    assert '<option value="31" selected>' in refused
    done = client.post(claim_url(activity), {**wrong, "ask-nabp": "1234567", "ask-birth_day": "14"})
    assert done.status_code == 302
    person.refresh_from_db()
    assert (person.birth_month, person.birth_day) == (2, 14)
    assert Claim.objects.get().totals.get().credits == Decimal("1.50")


def test_a_returning_learner_is_asked_nothing(client):
    person = PersonFactory(pharmacist=True, birth_month=3, birth_day=14, name_confirmed_at=clock.now())
    PersonNumber.objects.create(person=person, kind="nabp", value="1234567", added_at=clock.now())
    activity, _sessions = attended(person, types_={"acpe": {"details": {"uan": UAN}}})
    client.force_login(UserFactory(person=person))
    page = client.get(claim_url(activity)).content.decode()
    assert "ask-" not in page
    assert "The name on your certificate" not in page


def test_the_name_is_confirmed_by_claiming_and_not_when_it_changed_meanwhile(client):
    person = PersonFactory()
    activity, sessions = attended(person)
    other = post(client, person, activity, sessions, printed="Somebody Else, MD").content.decode()
    assert "Your name has changed meanwhile. Look at it once more." in other
    assert Claim.objects.count() == 0
    assert client.post(claim_url(activity), {**{f"s{s.pk}": "1.00" for s in sessions}, "printed": person.name_with_degrees}).status_code == 302  # fmt: skip
    person.refresh_from_db()
    assert person.name_confirmed_at is not None


def test_a_physician_chooses_points_with_their_board_and_says_that_it_may_be_told(
    client, django_capture_on_commit_callbacks
):
    """IP-1, MOC-2, MOC-5: points never exceed the credit claimed; the board is told only with leave."""
    person = PersonFactory()
    activity, sessions = attended(person, types_={"moc_abim": {"details": {"moc_kind": "Medical Knowledge"}}})
    client.force_login(UserFactory(person=person))
    page = client.get(claim_url(activity)).content.decode()
    assert page.count('name="types"') == 2
    assert 'value="moc_abim" checked' not in page
    said = {
        "choosing": "1",
        "types": ["ama_pra_1", "moc_abim"],
        "ask-abim": "123456",
        "ask-birth_month": "3",
        "ask-birth_day": "14",
    }
    amounts = {f"s{sessions[0].pk}": "1.00", f"s{sessions[1].pk}": "0.50"}
    silent = client.post(claim_url(activity), {**said, **amounts})
    assert "Points reach the board only if you allow it." in silent.content.decode()
    assert Claim.objects.count() == PersonNumber.objects.count() == 0
    client.post(claim_url(activity), {**said, **amounts, "ask-abim_report": "on"})
    made = Claim.objects.get()
    assert [(t.credit_type_id, t.credits) for t in made.totals.order_by("credit_type__position")] == [
        ("ama_pra_1", Decimal("1.50")),
        ("moc_abim", Decimal("1.50")),
    ]
    assert PersonNumber.objects.get().report_ok_at is not None
    text = statements.plain(made.certificates.get().snapshot["facts"]["credit_runs"])
    assert text == "1.50 AMA PRA Category 1 Credits™ and 1.50 ABIM MOC points"


def test_points_left_out_ask_for_nothing(client):
    person = PersonFactory()
    activity, sessions = attended(person, types_={"moc_abim": {"details": {"moc_kind": "Medical Knowledge"}}})
    done = post(client, person, activity, sessions, choosing="1", types=["ama_pra_1"])
    assert done.status_code == 302
    assert [t.credit_type_id for t in Claim.objects.get().totals.all()] == ["ama_pra_1"]
    later = client.get(claim_url(activity)).content.decode()
    assert "?types=moc_abim" in later
    page = client.get(claim_url(activity), {"types": "moc_abim"}).content.decode()
    assert 'value="moc_abim" checked' in page


def test_each_type_has_its_line_on_transcript_and_home(client):
    person = PersonFactory(birth_month=3, birth_day=14)
    PersonNumber.objects.create(
        person=person, kind="abim", value="123456", added_at=clock.now(), report_ok_at=clock.now()
    )
    activity, sessions = attended(person, types_={"moc_abim": {"details": {"moc_kind": "Medical Knowledge"}}})
    post(client, person, activity, sessions, choosing="1", types=["ama_pra_1", "moc_abim"])
    for name in ("credits:transcript", "credits:home"):
        page = client.get(reverse(name)).content.decode()
        assert "ABIM MOC point" in page
        assert "AMA PRA Category 1 Credit" in page


def test_a_physician_is_offered_no_nursing_hours_and_a_nurse_no_ama(client):
    """IP-1, AMA-CORE-4."""
    activity = ActivityFactory(published=True)
    for code in ("ama_pra_1", "ancc", "moc_abim"):
        designate(activity, code)
    assert [o.kind.code for o in facts.offers(PersonFactory(), activity)] == ["ama_pra_1"]
    assert [o.kind.code for o in facts.offers(PersonFactory(nurse=True), activity)] == ["ancc"]
    assert [o.kind.code for o in facts.offers(PersonFactory(pharmacist=True), activity)] == ["attendance"]


@pytest.mark.parametrize("items", [1, 3])
def test_the_claim_page_takes_a_constant_number_of_queries(client, items, django_assert_num_queries):
    person = PersonFactory()
    activity = ActivityFactory(published=True)
    for _n in range(items):
        attend(person, SessionFactory(activity=activity, starts_at=clock.now() - dt.timedelta(hours=1 + _n)))
    for code in ("ama_pra_1", "moc_abim", "moc_abp", "moc_abs")[: items + 1]:
        designate(activity, code)
    from django.db import transaction

    from evaluations.domain import questionnaires

    with transaction.atomic():
        questionnaires.create_for(activity, by=BY)
    evaluate(person, activity)
    client.force_login(UserFactory(person=person))
    client.get(claim_url(activity))
    with django_assert_num_queries(QUERIES):
        client.get(claim_url(activity))


QUERIES = 16


# --- work and teaching -------------------------------------------------------------------------------


def enduring(**values) -> Activity:
    activity = ActivityFactory(published=True, kind="EM", estimated_minutes=60, evaluation_required=False, **values)
    designate(activity, "ama_pra_1", "1.00", minutes=60, details={"pass_mark": "80"}, needs="passed")
    return activity


def result(client, activity, person, score: str, **said):
    common = {"email": f"person{person.pk}@lakeshore.example", "kind": "assessment", "score": score, "source": "Report of the platform"}  # fmt: skip
    return client.post(reverse("desk:work", args=[activity.number]), {**common, "completed_on": f"{clock.today(activity.zone)}", **said})  # fmt: skip


def test_the_office_writes_a_result_down_and_the_mark_decides(client, director):
    """AMA-FMT-2: credit only for those who reach the mark that was told beforehand."""
    activity, person = enduring(), PersonFactory()
    result(client, activity, person, "79.5")
    [row] = activity.achievements.all()
    assert (row.accepted, row.needed, row.score) == (False, Decimal(80), Decimal("79.5"))
    client.force_login(UserFactory(person=person))
    assert "Your result was 79.5%; 80% is needed." in client.get(claim_url(activity)).content.decode()
    refused = client.post(claim_url(activity), {f"w{row.pk}": "1"})
    assert refused.status_code == 200
    assert Claim.objects.count() == 0
    client.force_login(director)
    result(client, activity, person, "80")
    passed = activity.achievements.get(accepted=True)
    client.force_login(UserFactory(person=PersonFactory()))  # somebody else has nothing to claim
    assert "Pass the assessment first" in client.get(claim_url(activity)).content.decode()
    client.force_login(person.user)
    assert client.post(claim_url(activity), {f"w{passed.pk}": "1.00"}).status_code == 302
    made = Claim.objects.get()
    assert [(t.credit_type_id, t.credits) for t in made.totals.all()] == [("ama_pra_1", Decimal("1.00"))]
    assert made.lines.get().achievement == passed
    client.force_login(director)
    said = client.post(reverse("desk:work_take_back", args=[activity.number, passed.pk]), {"reason": "Wrong."})
    assert "Withdraw that claim first." in said.content.decode()
    assert not activity.achievements.filter(supersedes=passed).exists()


@pytest.mark.parametrize(
    ("said", "field", "sentence"),
    [
        ({"email": "nobody@elsewhere.example"}, "email", "Nobody has this address."),
        ({"score": "101"}, "score", "Write the result in percent, from 0 to 100."),
        ({"completed_on": "2099-01-01"}, None, "This day is still to come."),
        ({"source": ""}, "source", "Say where you know it from"),
    ],
)
def test_what_cannot_be_written_down_says_why(client, director, said, field, sentence):
    activity, person = enduring(), PersonFactory()
    page = result(client, activity, person, said.pop("score", "90"), **said)
    errors = page.context["form"].errors
    assert [text.startswith(sentence) for text in errors[field or "completed_on"]] == [True]
    assert activity.achievements.count() == 0


def test_a_result_written_by_mistake_is_taken_back_with_the_reason(client, director):
    activity, person = enduring(), PersonFactory()
    result(client, activity, person, "90")
    row = activity.achievements.get()
    to = reverse("desk:work_take_back", args=[activity.number, row.pk])
    assert "Say why" in client.post(to, {"reason": ""}).content.decode()
    assert activity.achievements.count() == 1
    client.post(to, {"reason": "Another person of that name."})
    newest = activity.achievements.get(supersedes=row)
    assert (newest.withdrawn, newest.reason, newest.accepted) == (True, "Another person of that name.", True)
    assert "Nothing on record yet" in client.get(reverse("desk:work", args=[activity.number])).content.decode()


def test_a_speaker_claims_for_teaching_and_not_for_attending_too(client, director):
    """AMA-FMT-1T: two credits for an hour presented, not for the same session again."""
    person, activity, (session, other) = ready(sessions=2)
    designate(activity, "ama_pra_1_teaching", "2.00", scope="session", minutes=60, hour=30)
    ActivityRoleFactory(activity=activity, session=session, role="speaker", person=person)
    page = reverse("desk:work", args=[activity.number])
    assert person.full_name in client.get(page).content.decode()
    client.post(page, {"who": f"{session.pk}-{person.pk}", "minutes": "61", "original": "on"})
    assert session.presentations.count() == 0
    client.post(page, {"who": f"{session.pk}-{person.pk}", "minutes": "45", "original": "on"})
    row = session.presentations.get()
    client.force_login(UserFactory(person=person))
    shown = client.get(claim_url(activity)).content.decode()
    assert "45 minutes presented" in shown
    both = {"choosing": "1", "types": ["ama_pra_1", "ama_pra_1_teaching"], f"s{session.pk}": "1.00", f"s{other.pk}": "1.00", f"w-{row.pk}": "1"}  # fmt: skip
    assert "not both" in client.post(claim_url(activity), both).content.decode()
    assert Claim.objects.count() == 0
    done = client.post(claim_url(activity), {**both, f"s{session.pk}": "0"})
    assert done.status_code == 302
    totals = Claim.objects.get().totals.order_by("credit_type__position")
    assert [(t.credit_type_id, t.credits) for t in totals] == [("ama_pra_1", Decimal("1.00")), ("ama_pra_1_teaching", Decimal("1.50"))]  # fmt: skip
    client.force_login(director)
    said = client.post(reverse("desk:work_take_back", args=[activity.number, row.pk]), {"reason": "Wrong session."})
    assert "Withdraw that claim first." in said.content.decode()
    row.refresh_from_db()
    assert row.ended_at is None


def test_another_result_of_the_same_day_is_not_swallowed(client, director):
    activity, person = enduring(), PersonFactory()
    day = {"completed_on": f"{clock.today(activity.zone) - dt.timedelta(days=3)}"}
    result(client, activity, person, "70", **day)
    result(client, activity, person, "70", **day)
    page = result(client, activity, person, "90", **day).content.decode()
    assert "Another result of this day is on record." in page
    assert [r.score for r in activity.achievements.all()] == [Decimal(70)]


def test_a_result_that_was_taken_back_makes_room_for_the_right_one(client, director):
    activity, person = enduring(), PersonFactory()
    day = {"completed_on": f"{clock.today(activity.zone) - dt.timedelta(days=3)}"}
    result(client, activity, person, "95", **day)
    wrong = activity.achievements.get()
    achievements.correct(
        achievement_id=wrong.pk, accepted=True, withdrawn=True, reason="Another learner", by=actor_of(director)
    )
    result(client, activity, person, "85", **day)
    [stands] = Achievement.objects.of(person).standing()
    assert (stands.score, stands.accepted, stands.origin_id) == (Decimal(85), True, wrong.pk)


def test_a_review_written_down_twice_is_one(director):
    """A double press, or two of the office on one day: each review has its name."""
    activity, person = ActivityFactory(published=True, kind="MR"), PersonFactory()

    def write(label):
        return achievements.record(
            activity_id=activity.pk, person_id=person.pk, kind="review", label=label, completed_at=clock.now(), source="Letter", by=actor_of(director),
        )  # fmt: skip

    with pytest.raises(Invalid) as refused:
        write(" ")
    assert "label" in refused.value.fields
    assert write("LJ-2026-114") == write("LJ-2026-114")
    write("LJ-2026-115")
    assert activity.achievements.count() == 2


def test_the_office_changes_a_claim_of_enduring_material_in_its_own_measure(client, director):
    activity = ActivityFactory(published=True, kind="EM", estimated_minutes=180, evaluation_required=False)
    designate(activity, "ama_pra_1", "3.00", minutes=180, details={"pass_mark": "80"}, needs="passed")
    person = PersonFactory()
    result(client, activity, person, "95")
    row = activity.achievements.get()
    client.force_login(UserFactory(person=person))
    client.post(claim_url(activity), {f"w{row.pk}": "2.50"})
    made = Claim.objects.get()
    assert made.totals.get().credits == Decimal("2.50")
    now = adjusting.as_it_is(made)
    form = AdjustForm(None, now=now)
    assert (form.fields[f"w{row.pk}"].initial, now.works[0].cap) == (Decimal("2.50"), Decimal("3.00"))
    form = AdjustForm({f"w{row.pk}": "3.00", "reason": "All of it"}, now=now)
    assert form.is_valid()
    changed = adjusting.adjust(claim_id=made.pk, by=actor_of(director), **form.answers())
    assert changed.totals.get().credits == Decimal("3.00")


def test_what_the_office_settled_holds_at_the_claim(director):
    """IP-2: who may claim dietetics is open in the rulebook; what was settled decides, not the file."""
    activity, person = ActivityFactory(published=True), PersonFactory(nurse=True, profession="dietitian")
    designate(activity, "cdr", "1.00", minutes=60)

    def offered():
        return "cdr" in {o.kind.code for o in facts.offers(person, activity)}

    assert offered()
    types.settle(code="cdr", name="professions", value="physician", source="Letter of May 4", by=actor_of(director))
    assert not offered()
