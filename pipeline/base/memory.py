"""How much memory this process may still allocate: what machine, control groups and limits leave."""

import contextlib
import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from pipeline.errors import TooLargeError

CGROUPS = Path("/sys/fs/cgroup")
"""Where Linux mounts control groups: version 2 itself, version 1 with a folder for each controller."""

OWN_CGROUPS = Path("/proc/self/cgroup")
"""The groups of this process, a line each: ``number:controllers:path``; version 2 has no controllers."""

UNLIMITED = 2**60
"""Bytes; version 1 writes no limit as nearly 2^63."""


LEAST_LIMITS = {
    "RLIMIT_AS": ("ulimit -v", 3 * 2**30, 128 * 2**20),
    "RLIMIT_DATA": ("ulimit -d", 2**30, 64 * 2**20),
}
"""Limit -> the command that sets it, and the bytes that TensorFlow needs, in all and for each core. For a
tiny picture it takes 2.5 GB of address space on two cores, with 0.7 GB of data."""

LEAST_TO_DECODE = {"RLIMIT_AS": (640 * 2**20, 40 * 2**20), "RLIMIT_DATA": (250 * 2**20, 40 * 2**20)}
"""The same for NumPy and OpenCV alone, which crash while they are loaded below that."""


def check_limits(*, for_tensorflow: bool) -> None:
    """Check that the limits on this process let the libraries be loaded; beyond them they crash.

    Args:
        for_tensorflow: whether TensorFlow will be loaded, too.

    Raises:
        TooLargeError: a limit is too low.
    """
    limits = dict(_soft_limits())
    for name, (command, *for_all) in LEAST_LIMITS.items():
        in_all, for_a_core = for_all if for_tensorflow else LEAST_TO_DECODE[name]
        need = in_all + for_a_core * (os.cpu_count() or 1)
        if limits.get(name, need) < need:
            what = "address space" if name == "RLIMIT_AS" else "data"
            raise TooLargeError(
                f"this process may use {limits[name] / 1e9:.1f} GB of {what}, and the libraries need about "
                f"{need / 1e9:.1f} GB to be loaded; raise the limit with `{command} unlimited`"
            )


def free_memory() -> int:
    """Bytes that this process can allocate without swapping and without an error; never below 0."""
    limits = [int(psutil.virtual_memory().available), *_left_by_rlimits()]
    if sys.platform == "linux":
        limits += left_in_cgroups()
    return max(0, min(limits))


def free_address_space() -> int | None:
    """Bytes of address space left, which libraries need to be loaded; None where it is not limited."""
    return min((left for name, left in _rlimits() if name == "RLIMIT_AS"), default=None)


def limit_data_to_free_memory() -> None:
    """Let this process allocate what is free now, and no more: a further allocation fails.

    Of the limits of Linux, that on data is the one that fits: it counts what can be written, where that on
    the address space also counts what threads and libraries only reserve. Elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return
    import resource

    soft, hard = _data_limit_at_first()
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))  # else what an earlier call left would count
    wanted = int(psutil.Process().memory_info().data) + free_memory()
    with contextlib.suppress(OSError, ValueError):
        limit = wanted if soft == resource.RLIM_INFINITY else min(wanted, soft)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


@functools.cache
def _data_limit_at_first() -> tuple[int, int]:
    """The limit, soft and hard, that this process was started with."""
    import resource

    return resource.getrlimit(resource.RLIMIT_DATA)


def left_in_cgroups(own: Path = OWN_CGROUPS, mount: Path = CGROUPS) -> list[int]:
    """Bytes that each limit of the control groups of this process leaves, those of the groups above included.

    What the kernel caches of files counts as used there, and as free here: it gives that up first.
    """
    left = []
    for folder, limits, used, cached in _groups(own, mount):
        for limit in (_number(folder / name) for name in limits):
            current = _number(folder / used)
            if limit is not None and limit < UNLIMITED and current is not None:
                left.append(limit - current + _cached(folder / "memory.stat", cached))
    return left


def _groups(own: Path, mount: Path) -> Iterator[tuple[Path, tuple[str, ...], str, tuple[str, ...]]]:
    """For each group of this process that exists: its folder, and the names of its limits, use and caches.

    Inside a container the path may be that of the machine, where only the last folder, the mount, exists.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        version_1 = "memory" in controllers.split(",")
        if not version_1 and controllers:
            continue
        root = mount / "memory" if version_1 else mount
        inside = root / path.lstrip("/")
        names: tuple[tuple[str, ...], str, tuple[str, ...]]
        if version_1:
            caches = ("total_inactive_file", "total_active_file")
            names = ("memory.limit_in_bytes",), "memory.usage_in_bytes", caches
        else:
            names = ("memory.max", "memory.high"), "memory.current", ("inactive_file", "active_file")
        for folder in (inside, *inside.parents):
            if folder.is_relative_to(root) and folder.is_dir():
                yield folder, *names


def _number(path: Path) -> int | None:
    """The number in a file; None where there is no file, or it says ``max``."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _cached(path: Path, names: tuple[str, ...]) -> int:
    """The sum of some lines ``name number`` of a file."""
    with contextlib.suppress(OSError, ValueError):
        pairs = (line.split() for line in path.read_text().splitlines())
        return sum(int(pair[1]) for pair in pairs if pair and pair[0] in names)
    return 0


def _left_by_rlimits() -> list[int]:
    return [left for _, left in _rlimits()]


def _rlimits() -> Iterator[tuple[str, int]]:
    """The name and what is left of each resource limit on this process's memory."""
    for name, soft in _soft_limits():
        used = psutil.Process().memory_info()
        yield name, soft - int(used.vms if name == "RLIMIT_AS" else used.data)


def _soft_limits() -> Iterator[tuple[str, int]]:
    """The name and value of each limit that is set. Only Linux enforces them."""
    if sys.platform != "linux":
        return
    import resource

    for name in ("RLIMIT_AS", "RLIMIT_DATA"):
        soft = resource.getrlimit(getattr(resource, name))[0]
        if soft != resource.RLIM_INFINITY:
            yield name, soft
