"""Check that this machine can run jobs: versions, device, weights, encoders, disk, and one real step."""

import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline._version import __version__
from pipeline.base import machine
from pipeline.base.files import current_folder
from pipeline.base.messages import one_line, shown
from pipeline.core import loading, precisions
from pipeline.errors import NstpipeError
from pipeline.extractor import fetching, imagenet, weights

ENOUGH_DISK = 2**30
"""Bytes."""


@dataclass(frozen=True)
class Finding:
    """The result of one check: ``state`` is ok, note (works, but could be better) or bad."""

    name: str
    state: str
    text: str


def lines() -> Iterator[str]:
    """A line for each finding.

    Raises:
        NstpipeError: after the last line, if a finding is bad.
    """
    states = set()
    for finding in findings():
        yield f"{finding.state:<5}{finding.name:<11}{one_line(finding.text)}"
        states.add(finding.state)
    if "bad" in states:
        raise NstpipeError("a check failed; see the lines that say bad")


def findings() -> Iterator[Finding]:
    """Run every check; one that raises is a bad finding, and the others still run."""
    checks: dict[str, Callable[[], Finding]] = {
        "versions": _versions,
        "device": _device,
        "weights": _weights,
        "encoders": _encoders,
        "disk": _disk,
        "self-test": _self_test,
    }
    for name, check in checks.items():
        try:
            yield check()
        except Exception as error:  # the other checks must still run
            yield Finding(name, "bad", f"{type(error).__name__}: {error}")


def _versions() -> Finding:
    versions = machine.library_versions()
    missing = [name for name in machine.LIBRARIES if name not in versions]
    if missing:
        return Finding("versions", "bad", f"not installed: {', '.join(missing)}; install nstpipe again")
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items())
    ours = f"nstpipe {__version__}, Python {platform.python_version()}"
    return Finding("versions", "ok", f"{ours}, {libraries}")


def _device() -> Finding:
    loading.stylizer_class()
    from pipeline.core import backend

    device = backend.choose_device("auto")
    text = f"{device}, {precisions.chosen('auto', 'auto')}"
    if "GPU" in device:
        return Finding("device", "ok", text)
    return Finding("device", "note", f"{text}; TensorFlow sees no GPU, so large pictures are slow")


def _weights() -> Finding:
    for source in fetching.cached():
        return Finding("weights", "ok", f"{source.kind}, verified, at {shown(source.path())}")
    path = shown(imagenet.path())
    return Finding(
        "weights", "note", f"builtin; for the full network: nstpipe weights fetch, or put it at {path}"
    )


def _encoders() -> Finding:
    import av

    missing = {"libx264", "aac"} - set(av.codecs_available)
    if missing:
        return Finding(
            "encoders", "bad", f"PyAV lacks {', '.join(sorted(missing))}; install av from its wheel"
        )
    return Finding("encoders", "ok", "H.264 (libx264) and AAC")


def _disk() -> Finding:
    free = shutil.disk_usage(current_folder()).free
    if free > ENOUGH_DISK:
        return Finding("disk", "ok", f"{free / 1e9:.1f} GB free here")
    return Finding("disk", "bad", f"{free / 1e9:.1f} GB free here; free {ENOUGH_DISK / 1e9:.1f} GB or more")


def _self_test() -> Finding:
    import numpy as np

    from pipeline.settings.settings import Settings

    noise = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    began = time.perf_counter()
    stylizer = loading.stylizer_class()(
        Settings(steps=(1,)), [noise[0]], weights=weights.obtain("builtin", lambda message: None)
    )
    loss = stylizer.stylize(noise[1]).losses["total"]
    return Finding("self-test", "ok", f"one step in {time.perf_counter() - began:.1f} s, loss {loss:.4g}")
