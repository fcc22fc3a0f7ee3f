"""Two directors at once: one version each, and the second has seen the first."""

import pytest

from common.models import RuleParameter
from tests.concurrency.test_planning_races import both
from tests.integration.test_office_versions import director, set_window

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def test_two_directors_who_write_at_once_do_not_pass_each_other():
    by = [director(), director()]
    answers = both(lambda: set_window(by[0], value="45", seen=1), lambda: set_window(by[1], value="60", seen=1))
    assert sorted(type(a).__name__ for a in answers) == ["Conflict", "RuleParameter"]
    assert RuleParameter.objects.filter(code="claim.window_days", revision__gt=0).count() == 1
