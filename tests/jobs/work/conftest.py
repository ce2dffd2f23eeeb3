"""What the tests of faults share: one process that forks runs of the command line."""

from collections.abc import Iterator

import pytest

from tests.support.faulty_calls import Runs


@pytest.fixture(scope="package")
def runs() -> Iterator[Runs]:
    """TensorFlow takes seconds to import: it is imported once for all runs."""
    with Runs() as runs:
        yield runs
