"""pytest plugin: a real PostgreSQL and a real Valkey for the whole run.

Named in pytest.ini (``-p tests.plugin_services``), because a conftest.py is too late:
pytest-django reads the settings before any conftest is collected. TEST_DATABASE_URL and
TEST_REDIS_URL replace the servers; DATABASE_URL and REDIS_URL are ignored on purpose, so
that a run never touches a developer's or a production database.
"""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from common.services import ServiceError, Services, temporary_folder

_stack = contextlib.ExitStack()
atexit.register(_stack.close)  # also when the start of the run fails; closing twice is harmless


def environment(folder: Path, services: Services) -> dict[str, str]:
    """Everything the settings read; nothing of the caller's environment survives."""
    return {
        **services.environment(),
        "PORTAL_ENV": "test",
        "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 4,
        "PORTAL_BASE_URL": "http://testserver",
        "STORAGE_DIR": str(folder / "storage"),
    }


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """A wrapper runs before pytest-django's own hook, which loads the settings."""
    options = early_config.known_args_namespace
    asks_only = options.help or options.version
    if not asks_only and "PYTEST_XDIST_WORKER" not in os.environ:  # workers inherit ours
        folder = _stack.enter_context(temporary_folder())
        services = Services(
            folder,
            durable=False,
            dies_with_us=True,
            database_url=os.environ.get("TEST_DATABASE_URL", ""),
            redis_url=os.environ.get("TEST_REDIS_URL", ""),
        )
        try:
            _stack.enter_context(services)
        except ServiceError as error:
            _stack.close()
            raise pytest.UsageError(str(error)) from error
        for name in ("ALLOWED_HOSTS", "TRUSTED_PROXIES", "LOG_FORMAT", "PORTAL_DEMO", "DEMO_PUBLIC"):
            os.environ.pop(name, None)
        os.environ.update(environment(folder, services))
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _stack.close()
