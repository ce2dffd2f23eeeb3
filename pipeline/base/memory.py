"""How much memory this process may still allocate: what machine, control groups and limits leave."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
"""Where Linux mounts control groups: version 2 itself, version 1 with a folder for each controller."""

OWN_CGROUPS = Path("/proc/self/cgroup")
"""The groups of this process, a line each: ``number:controllers:path``; version 2 has no controllers."""

UNLIMITED = 2**60
"""Bytes; version 1 writes no limit as nearly 2^63."""


def free_memory() -> int:
    """Bytes that this process can allocate without swapping and without an error; never below 0."""
    limits = [int(psutil.virtual_memory().available), *_left_by_rlimits()]
    if sys.platform == "linux":
        limits += left_in_cgroups()
    return max(0, min(limits))


def free_address_space() -> int | None:
    """Bytes of address space left, which libraries need to be loaded; None where it is not limited."""
    return min((left for name, left in _rlimits() if name == "RLIMIT_AS"), default=None)


def limit_data(size: int) -> None:
    """Let this process allocate ``size`` bytes more and no more; a further allocation fails.

    Of the limits of Linux, that on data is the one that fits: it counts what can be written, where that on
    the address space also counts what threads and libraries only reserve. Elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = int(psutil.Process().memory_info().data) + size
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


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
    """The name and what is left of each resource limit on this process's memory; none on Windows."""
    try:
        import resource
    except ImportError:
        return
    used = psutil.Process().memory_info()
    # Only Linux enforces these, and only there is the field `data` known.
    for name, field in (("RLIMIT_AS", "vms"), ("RLIMIT_DATA", "data")):
        soft = resource.getrlimit(getattr(resource, name))[0]
        if soft != resource.RLIM_INFINITY and sys.platform == "linux":
            yield name, soft - int(getattr(used, field))
