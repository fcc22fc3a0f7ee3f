"""Tables keep their promises: what a row is, what it holds of people, who points to what, which states follow which."""

import re

import pgtrigger.registry
import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.db.utils import IntegrityError, InternalError

from cme_portal.management.commands.build_docs import WORKFLOWS
from common import clock
from reporting.models import CreditReport
from tests.factories import ActivityFactory, SessionFactory
from tests.factories.imports import ImportBatchFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.report_cases import points

APPS = ("common", "accounts", "activities", "integrity", "evaluations", "credits", "reporting")
# pghistory's tables are made from ours and carry what those carry.
MODELS = [
    m
    for app in APPS
    for m in apps.get_app_config(app).get_models()
    if not m.__name__.endswith("Event") or m.__name__ == "AuditEvent"
]
_AT = clock.now


def _report(status: str) -> CreditReport:
    """Written past the domain: each state with the days it asks for."""
    claim = points()
    first = CreditReport.objects.get(total__claim=claim)
    CreditReport.objects.filter(pk=first.pk).update(status="dropped")
    sent, answered = status not in {"to_send", "dropped"}, status in {"accepted", "rejected"}
    values = {f.attname: getattr(first, f.attname) for f in CreditReport._meta.local_concrete_fields if f.name not in {"id", "number", "status"}}  # fmt: skip
    values |= {"sent_on": first.completed_on if sent else None, "answered_on": first.completed_on if answered else None}
    return CreditReport.objects.create(
        **values | {"number": 2, "status": status, "answer": "No such number." if answered else ""}
    )


# A row in a given state, with every date that its constraints may ask for.
FACTORIES = {
    "activity": lambda s: ActivityFactory(
        status=s, submitted_at=_AT(), approved_at=_AT(), designated_at=_AT(), published_at=_AT()
    ),
    "session": lambda s: SessionFactory(status=s),
    "registration": lambda s: RegistrationFactory(
        status=s, cancelled_at=_AT() if s == "cancelled" else None, offered_until=_AT() if s == "offered" else None
    ),
    "import": lambda s: ImportBatchFactory(status=s),
    "report": _report,
}
BEGINNINGS = {
    "activity": {"draft"},
    "session": {"planned"},
    "registration": {"registered", "waiting"},
    "import": {"parsed"},
    "report": {"to_send"},
}

# Nullable pairs that may be halved, with the reason.
NOT_PAIRED = {
    ("activities.Activity", "signed"): "signed_name is kept when a returned application is signed anew",
}


def ids(model: type[models.Model]) -> str:
    return model._meta.label


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_model_says_what_a_row_is_and_what_it_holds_of_people(model):
    assert model.__doc__ is not None
    assert "PII:" in model.__doc__
    assert "__str__" in model.__dict__


def test_rows_are_never_deleted_by_deleting_others():
    """Law 8: every foreign key is PROTECT."""
    found = [
        f"{m._meta.label}.{f.name}"
        for m in MODELS
        for f in m._meta.local_fields
        if isinstance(f, models.ForeignKey) and f.remote_field.on_delete is not models.PROTECT
    ]
    assert found == []


def _pairs():
    for model in MODELS:
        fields = {f.name: f for f in model._meta.local_fields}
        for name, field in fields.items():
            stem = name.removesuffix("_at")
            other = fields.get(f"{stem}_by")
            if name != stem and other is not None and field.null:
                yield model, stem


def _constrained(model: type[models.Model]) -> set[str]:
    """Columns that some check constraint of the model names."""
    checks = [c for c in model._meta.constraints if isinstance(c, models.CheckConstraint)]
    return {name for c in checks for name in re.findall(r"'(\w+?)(?:__\w+)?'", str(c.condition))}


def test_who_and_when_come_together():
    """Half a pair is refused by the database (conventions 3.4)."""
    open_pairs = []
    for model, stem in _pairs():
        named = _constrained(model)
        if not {f"{stem}_at", f"{stem}_by"} <= named and (model._meta.label, stem) not in NOT_PAIRED:
            open_pairs.append(f"{model._meta.label}: {stem}_at, {stem}_by")
    assert open_pairs == []


def test_every_constraint_speaks_to_people():
    """A check that a form can hit answers with a sentence."""
    silent = [
        f"{m._meta.label}: {c.name}"
        for m in MODELS
        for c in m._meta.constraints
        if isinstance(c, models.CheckConstraint) and not str(c.violation_error_message or "").endswith(".")
    ]
    assert silent == []


@pytest.mark.django_db
def test_every_trigger_is_installed():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        )
        installed = set(cursor.fetchall())
    declared = {(trigger.get_pgid(model), model._meta.db_table) for model, trigger in pgtrigger.registered()}
    assert {d for d in declared if d not in installed} == set()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda w: w.name)
@pytest.mark.django_db
def test_the_database_allows_exactly_the_table(workflow):
    """Every pair of states is tried with QuerySet.update: what the table lacks, the trigger refuses."""
    allowed, states = set(), workflow.states.values
    for old in states:
        row = FACTORIES[workflow.name](old)
        for new in states:
            if new == old:
                continue
            try:
                with transaction.atomic(savepoint=True):
                    type(row).objects.filter(pk=row.pk).update(status=new)
                    allowed.add((old, new))
                    transaction.set_rollback(True)
            except InternalError:
                pass
            except IntegrityError:  # the trigger let it pass; a date is missing, which is the domain's to set
                allowed.add((old, new))
    assert sorted(allowed) == workflow.pairs()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda w: w.name)
def test_every_state_can_be_reached(workflow):
    reached = set(BEGINNINGS[workflow.name])
    while True:
        further = {new for old, new in workflow.pairs() if old in reached} - reached
        if not further:
            break
        reached |= further
    assert set(workflow.states.values) == reached
