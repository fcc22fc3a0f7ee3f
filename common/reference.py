"""Reference data (decision 15): versioned TOML files of the repository, loaded idempotently, never by migration."""

import tomllib
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from common import locks, rulesets


def read(name: str) -> dict[str, Any]:
    """One reference file as data."""
    with (Path(settings.REFERENCE_DIR) / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


def load() -> dict[str, int]:
    """Bring wording, parameters and every app's reference rows to what the files say. Returns rows per kind.

    A row is found by code, scope and effective date; what is printed on certificates keeps its own copy (law 4),
    so mending a typo here changes nothing that was issued.
    """
    from common.models import RuleParameter, Statement

    with transaction.atomic(durable=not connection_is_open()):
        locks.lock_key("reference", "all")
        counts = {}
        for model, name in ((Statement, "statements"), (RuleParameter, "parameters")):
            rows = read(name)["rows"]
            for row in rows:
                keys = {"code": row["code"], "scope": row.get("scope", ""), "effective_from": row["effective_from"]}
                model.objects.update_or_create(**keys, defaults={k: v for k, v in row.items() if k not in keys})
            counts[name] = len(rows)
        for path in settings.REFERENCE_LOADERS:
            counts[path] = import_string(path)()
    rulesets.forget()
    return counts


def connection_is_open() -> bool:
    """Whether a transaction is already open (post_migrate may run inside one)."""
    from django.db import connection

    return connection.in_atomic_block


def load_after_migrate(sender: Any, **_: Any) -> None:
    """Once per migrate or flush: after the last app, when every table stands."""
    if sender == [app for app in apps.get_app_configs() if app.models_module is not None][-1]:
        load()
