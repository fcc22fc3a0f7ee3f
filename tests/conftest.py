"""What every test of this process shares."""

from collections.abc import Callable
from typing import Any

import pytest

from common import clock


def _with_the_clock_read(count: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The clock's offset is read once a second, which no count of queries can know: here it is read before."""

    def counted(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(clock, "_CACHE_SECONDS", 3600)
        clock.now()
        return count(*args, **kwargs)

    return counted


@pytest.fixture
def django_assert_num_queries(django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    return _with_the_clock_read(django_assert_num_queries, monkeypatch)


@pytest.fixture
def django_assert_max_num_queries(django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    return _with_the_clock_read(django_assert_max_num_queries, monkeypatch)
