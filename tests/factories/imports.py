"""Imports of attendance."""

import factory
from factory.django import DjangoModelFactory

from activities import models
from common import clock
from tests.factories.activities import ActivityFactory
from tests.factories.files import StoredFileFactory

__all__ = ["ImportBatchFactory", "ImportRowFactory"]

CSV = b"E-mail,Name\nana@northpier.example,Ana Ruiz\n"
READING = {
    "written": {"kind": "csv", "encoding": "utf-8", "delimiter": ",", "sheet": "", "sheets": []}, "row": 1, "headings": ["E-mail", "Name"],
    "columns": {"E-mail": "email", "Name": "name"}, "source": "roster", "order": "mdy", "zone": "America/New_York", "repeated": "longest", "minimum": 0,
}  # fmt: skip


class ImportBatchFactory(DjangoModelFactory):
    """A list of which nobody has checked the columns; `status` with what it needs for any other state."""

    class Meta:
        skip_postgeneration_save = True
        model = models.ImportBatch

    activity = factory.SubFactory(ActivityFactory, published=True)
    file = factory.SubFactory(StoredFileFactory, name="roster.csv", kind="csv", purpose="attendance")
    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    source = "roster"
    signature = "0" * 64
    mapping = factory.LazyFunction(lambda: dict(READING))
    sample = factory.LazyFunction(lambda: [[1, ["E-mail", "Name"]], [2, ["ana@northpier.example", "Ana Ruiz"]]])
    uploaded_at = factory.LazyFunction(clock.now)
    uploaded_by = "set-up"

    @factory.lazy_attribute
    def confirmed_at(self):
        return clock.now() if self.status in {"writing", "confirmed", "undoing", "undone"} else None

    @factory.lazy_attribute
    def confirmed_by(self):
        return "set-up" if self.confirmed_at else ""

    status = "parsed"


class ImportRowFactory(DjangoModelFactory):
    class Meta:
        skip_postgeneration_save = True
        model = models.ImportRow

    batch = factory.SubFactory(ImportBatchFactory)
    number = factory.Sequence(lambda n: n + 2)
    cells = factory.LazyFunction(lambda: ["ana@northpier.example", "Ana Ruiz"])
    verdict = "problem"
    code = "nobody_known"
    reason = "No e-mail."
    name = "Ana Ruiz"
