"""Two lists that say the same credit, recorded at the same moment: it is on record once."""

import pytest

from activities.domain.imports import writing
from credits.models import FormerCredit
from tests.concurrency.test_claim_races import together
from tests.integration.import_cases import storage
from tests.integration.test_former_credit import Case

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
LINE = "Ana,Ruiz,Sepsis update,Lakeside CME,AMA PRA Category 1,1.50,03/14/2024,A-1\n"
__all__ = ["storage"]


def test_one_person_by_two_addresses_in_two_lists(storage, settings):
    case = Case()
    second = "ana.ruiz@elsewhere.example"
    case.ana.addresses.create(
        kind="email", value=second, verified_at=case.ana.created_at, created_at=case.ana.created_at
    )
    one = case.previewed(f"ana@northpier.example,{LINE}", "one.csv")
    two = case.previewed(f"{second},{LINE}", "two.csv")
    assert (one.counts, two.counts) == ({"matched": 1}, {"matched": 1})
    settings.CELERY_TASK_ALWAYS_EAGER = False
    for batch in (one, two):
        writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=case.by)
    assert together(lambda: writing.write(one.pk), lambda: writing.write(two.pk)) == [None, None]
    assert FormerCredit.objects.count() == 1
