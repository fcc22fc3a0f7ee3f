"""One stack for all browser tests of a run; each test brings its own people."""

from collections.abc import Iterator

import pytest

from tests.e2e.stack import Stack, running


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Web, worker, beat, database and broker, as `make demo` starts them, with the demo school."""
    with running() as found:
        yield found


@pytest.fixture(scope="session")
def own_stack() -> Iterator[Stack]:
    """A second stack, for tests that break it on purpose."""
    with running() as found:
        yield found
