"""What every test of this process shares."""

from typing import Any

import pytest


@pytest.fixture
def django_assert_num_queries(django_assert_num_queries: Any, settings: Any) -> Any:
    """The clock's offset is read once a second, which no count of queries can know: it stands still here."""
    settings.MOVABLE_CLOCK = False
    return django_assert_num_queries


@pytest.fixture
def django_assert_max_num_queries(django_assert_max_num_queries: Any, settings: Any) -> Any:
    """As above, for an upper bound."""
    settings.MOVABLE_CLOCK = False
    return django_assert_max_num_queries
