"""How fast this processor is, from three measurements that take a tenth of a second, without TensorFlow."""

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from pipeline.base.machine import one_blas_thread

PRODUCT_SIDE = 512
"""Rows and columns of the matrices that are multiplied."""

SUM_VALUES = 2**20
"""Values of the arrays that are added: 4 MB each, more than a core's own cache holds."""

FUNCTIONS = 150
"""Functions of the program that is compiled."""

REPEATS = 5
"""Times that each is measured; the median counts."""


@dataclass(frozen=True)
class Speed:
    """What one core does in a second of its own time, while the others work as well.

    Measured in the time that a core spends on the measurement, it is the same on a busy machine.

    Attributes:
        products: floating-point operations of a matrix product in float32.
        traffic: bytes that a sum of arrays reads and writes.
        functions: small functions that Python compiles, which stands for all of its own work.
        cores: that this process may use.
    """

    products: float
    traffic: float
    functions: float
    cores: int


REFERENCE = Speed(products=101e9, traffic=82e9, functions=41e3, cores=2)
"""Of the machine on which the constants of the estimates were measured."""


def measured() -> Speed:
    """The speed of this processor."""
    cores = usable_cores()
    with one_blas_thread(), ThreadPoolExecutor(cores) as threads:
        products = 2.0 * PRODUCT_SIDE**3 / _mean_seconds(threads, cores, _product())
        traffic = 2.0 * 4 * SUM_VALUES / _mean_seconds(threads, cores, _sum())
    return Speed(products, traffic, FUNCTIONS / _seconds(_compilation()), cores)


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _mean_seconds(threads: ThreadPoolExecutor, cores: int, work: Callable[[], object]) -> float:
    """Of ``work`` in as many threads as there are cores."""
    return sum(threads.map(lambda _: _seconds(work), range(cores))) / cores


def _seconds(work: Callable[[], object]) -> float:
    """Seconds of the calling thread."""
    seconds = []
    work()  # the memory is new, and caches are cold
    for _ in range(REPEATS):
        began = time.thread_time()
        work()
        seconds.append(time.thread_time() - began)
    return max(statistics.median(seconds), 1e-9)  # a clock may be too coarse to see it


def _product() -> Callable[[], object]:
    matrix = np.ones((PRODUCT_SIDE, PRODUCT_SIDE), np.float32)
    return lambda: np.matmul(matrix, matrix)


def _sum() -> Callable[[], object]:
    values, one = np.ones(SUM_VALUES, np.float32), np.float32(1)
    return lambda: np.add(values, one)


def _compilation() -> Callable[[], object]:
    lines = (f"def f{n}(a, b=({n}, 'x')): return [a + {n} for a in b if a]" for n in range(FUNCTIONS))
    text = "\n".join(lines)
    return lambda: compile(text, "measured", "exec")
