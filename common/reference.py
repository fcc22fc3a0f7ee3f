"""Reference data (decision 15): versioned TOML files of the repository, loaded idempotently, never by migration."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.utils.module_loading import import_string

from common import locks, rulesets


def read(name: str) -> dict[str, Any]:
    """One reference file as data."""
    with (Path(settings.REFERENCE_DIR) / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


def load() -> dict[str, int]:
    """Bring wording, parameters and every app's reference rows to what the files say. Returns rows per kind.

    A row is found by code, scope and effective date; what is printed on certificates keeps its own copy (law 4),
    so mending a typo here changes nothing that was issued. Versions that a director wrote (common/versions.py) are
    none of the files' business: they stay, and the one with the later date holds.
    """
    from common.models import RuleParameter, Statement

    with transaction.atomic(durable=not connection_is_open()):
        locks.lock_key("reference", "all")
        counts = {}
        for model, name in ((Statement, "statements"), (RuleParameter, "parameters")):
            rows = [{"revision": 0, **row} for row in read(name)["rows"]]
            counts[name] = bring(model, rows, keys=("code", "scope", "effective_from", "revision"))
        for path in settings.REFERENCE_LOADERS:
            counts[path] = import_string(path)()
        rulesets.changed()
    return counts


def bring(model: type[models.Model], rows: Sequence[Mapping[str, Any]], *, keys: Sequence[str]) -> int:
    """Make a table hold these rows, found by their keys: new ones are added, changed ones saved. Two queries if nothing changed.

    Returns how many rows there are. Rows that the file no longer has stay: something may have been issued under them.
    """
    fields = {f.name: f for f in model._meta.concrete_fields}
    known = {tuple(getattr(row, key) for key in keys): row for row in model._default_manager.all()}
    new = []
    for values in rows:
        wanted = dict.fromkeys(keys, "") | {k: fields[k].to_python(v) for k, v in values.items()}
        row = known.get(tuple(wanted[key] for key in keys))
        if row is None:
            new.append(model(**wanted))
        elif changed := [k for k, v in wanted.items() if getattr(row, k) != v]:
            for key in changed:
                setattr(row, key, wanted[key])
            row.save(update_fields=changed)
    model._default_manager.bulk_create(new)
    return len(rows)


def connection_is_open() -> bool:
    """Whether a transaction is already open (post_migrate may run inside one)."""
    from django.db import connection

    return connection.in_atomic_block


def load_after_migrate(sender: Any, **_: Any) -> None:
    """Once per migrate or flush: after the last app, when every table stands."""
    if sender == [app for app in apps.get_app_configs() if app.models_module is not None][-1]:
        load()
