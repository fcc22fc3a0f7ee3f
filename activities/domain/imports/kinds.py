"""Kinds of lists: what each does its own way. The file, the steps, the jobs, the pages and the people are the same for all.

`settings.IMPORT_KINDS` names them, so that a higher app brings its own kind of list through the same door.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from activities.domain.imports.columns import Table
from activities.domain.imports.drafts import Draft
from activities.domain.imports.lines import Reading
from activities.models import ImportBatch, ImportRow
from common.actors import Actor
from common.tabular import Format

Sample = Sequence[tuple[int, Sequence[str]]]
Group = tuple[int, str]  # session or 0, and who


@dataclass(frozen=True)
class Kind:
    """One kind of list, as functions."""

    # Refuse who may not bring such a list with NotAllowed; refuse one that can take no rows now with Conflict.
    require_may: Callable[[ImportBatch, Actor], None]
    require_open: Callable[[ImportBatch], None]
    # The table of a file from its first rows; the row of the headings is given when a person said it.
    table: Callable[[ImportBatch, Sample, int | None], Table]
    reading: Callable[[ImportBatch, Format, Table, Sample], Reading]
    unusable: Callable[[Mapping[str, str]], str]
    # Judged rows of a file from a row on, in chunks, each with the number of its last row; later what goes together.
    chunks: Callable[[ImportBatch, BinaryIO], Iterator[tuple[list[Draft], int]]]
    settle: Callable[[ImportBatch, float], bool]
    resettle: Callable[[ImportBatch, Collection[Group]], None]
    # The ledger: rows to write, what they become, what stands of them, how it is taken back.
    waiting: Callable[[ImportBatch], QuerySet[ImportRow]]
    write_rows: Callable[[ImportBatch, Sequence[ImportRow]], None]
    standing: Callable[[ImportBatch], QuerySet[Any]]
    take_back: Callable[[ImportBatch, Sequence[Any]], None]
    # Pages: where the list of such lists is, where one of them is; which columns a person chooses from, in groups.
    home: Callable[[ImportBatch], str]
    url: Callable[[ImportBatch], str]
    choices: Callable[[ImportBatch], list[Any]]
    zone: Callable[[ImportBatch], str]
    sums: Callable[[ImportBatch], list["Sum"]]
    corrected: Callable[[ImportBatch], int]


@dataclass(frozen=True)
class Sum:
    """How many rows go on record, or went, of one thing that the page names: a session, a type of credit."""

    title: str
    caption: str
    url: str
    matched: int
    new: int

    @property
    def rows(self) -> int:
        return self.matched + self.new


def of(batch: ImportBatch) -> Kind:
    """The kind of a list, by where it comes from."""
    kind: Kind = import_string(settings.IMPORT_KINDS["history" if batch.activity_id is None else "attendance"])
    return kind
