"""One factory per model; traits for situations. Dates lie around the real present."""

from tests.factories.accounts import *  # noqa: F403
from tests.factories.activities import *  # noqa: F403
