"""The limit of BLAS to one thread, entered by several threads of the process."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import threadpoolctl

from pipeline.base.machine import one_blas_thread


def blas_threads() -> set[int]:
    """Of each BLAS in the process."""
    import scipy.linalg  # noqa: F401 - it has a BLAS of its own

    return {
        library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"
    }


@pytest.fixture
def outside() -> set[int]:
    """What each BLAS has outside the limit; more than 1 where the machine has more cores."""
    with one_blas_thread():  # loads every BLAS
        pass
    return blas_threads()


def test_blas_has_one_thread_inside_and_its_own_number_outside(outside: set[int]) -> None:
    with one_blas_thread():
        assert blas_threads() == {1}
        with one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == outside


def test_an_error_inside_lifts_the_limit(outside: set[int]) -> None:
    with pytest.raises(ValueError), one_blas_thread():
        raise ValueError
    assert blas_threads() == outside


def test_the_limit_holds_until_the_last_thread_has_left(outside: set[int]) -> None:
    first, second = ExitStack(), ExitStack()
    with ThreadPoolExecutor(1) as thread:
        first.enter_context(one_blas_thread())
        thread.submit(second.enter_context, one_blas_thread()).result()
        first.close()
        assert blas_threads() == {1}
        thread.submit(second.close).result()
    assert blas_threads() == outside
