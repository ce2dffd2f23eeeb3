"""The kinds of extractor weights: how each is loaded, described and stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.base.arrays import FloatArray
from pipeline.base.messages import did_you_mean, shown
from pipeline.errors import FetchError, WeightsError
from pipeline.extractor import eight_bit, fetching, imagenet, random_filters, weight_files
from pipeline.extractor.layers import Architecture
from pipeline.extractor.weight_files import Kernels, Readouts

if TYPE_CHECKING:
    from pipeline.extractor.cache import OnBytes

KINDS_OF_AUTO = (*fetching.BY_KIND, "builtin")
"""The kinds that ``auto`` can give."""

KINDS = ("auto", *KINDS_OF_AUTO, "random")
"""The values of ``--weights`` besides the path of a file."""

BUILTIN = Path(__file__).with_name("builtin.npz")
"""The trained quarter-width extractor, part of the package."""


@dataclass(frozen=True)
class Weights:
    """The convolutions of a VGG19, whatever their widths.

    Attributes:
        kind: ``imagenet``, ``imagenet-8bit``, ``builtin``, ``random`` or ``file``.
        kernels: for each layer its kernel (3, 3, channels in, channels out) and bias (channels out,).
        readouts: see :data:`pipeline.extractor.weight_files.Readouts`.
        fingerprint: SHA-256 (hex) of the arrays; part of a job's fingerprint.
        origin: a path, or ``orthogonal filters, seed 0``; shown to users.
    """

    kind: str
    kernels: Mapping[str, tuple[FloatArray, FloatArray]]
    readouts: Readouts
    fingerprint: str
    origin: str

    @property
    def described(self) -> str:
        """Kind and origin, for people."""
        return f"{self.kind} ({self.origin})"

    @property
    def channels(self) -> dict[str, int]:
        """Of each layer: what the losses compare, after the layer's readout."""
        own = {layer: bias.size for layer, (_, bias) in self.kernels.items()}
        return own | {layer: readout.shape[1] for layer, readout in self.readouts.items()}

    @property
    def architecture(self) -> Architecture:
        """The channels of its layers."""
        return Architecture(
            {layer: bias.size for layer, (_, bias) in self.kernels.items()},
            {layer: readout.shape[1] for layer, readout in self.readouts.items()},
        )

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each block: of its widest layer, where layers differ."""
        return self.architecture.widths


def obtain(spec: str, warn: Callable[[str], None], on_bytes: "OnBytes | None" = None) -> Weights:
    """The weights that ``--weights`` names.

    Args:
        spec: one of :data:`KINDS`, or the path of a ``.h5`` or ``.npz`` file.
        warn: called once with a message if ``auto`` falls back to ``builtin``.
        on_bytes: called with the bytes received and the total during a download.

    Raises:
        WeightsError: the weights are unavailable, damaged, or not a VGG19.
    """
    if spec == "auto":
        return _imagenet_or_builtin(warn, on_bytes)
    if spec in fetching.BY_KIND:
        return _published(spec, fetching.BY_KIND[spec].fetch(on_bytes, False))
    if spec == "builtin":
        return builtin()
    if spec == "random":
        return random()
    return load(_file(spec), "file")


def available(spec: str) -> str:
    """The kind of weights that ``spec`` gives without a download; nothing is loaded.

    ``imagenet`` stays ``imagenet``, downloaded or not: it has no substitute. So does ``imagenet-8bit``.

    Raises:
        WeightsError: a file that does not exist or has an unknown extension.
    """
    if spec == "auto":
        return next((source.kind for source in fetching.cached()), "builtin")
    if spec not in KINDS:
        _file(spec)
        return "file"
    return spec


def at_hand(spec: str) -> Weights | None:
    """The weights of the kind that :func:`available` gives; None where they must be downloaded first.

    Raises:
        WeightsError: a file is missing, damaged, or not a VGG19.
    """
    kind = available(spec)
    if kind in fetching.BY_KIND:
        paths = [source.path() for source in fetching.cached() if source.kind == kind]
        return _published(kind, paths[0]) if paths else None
    return load(_file(spec), kind) if kind == "file" else obtain(kind, lambda message: None)


def verify(path: Path) -> str:
    """One line about a weights file: its format, layers, widths and fingerprint.

    Raises:
        WeightsError: the file is missing, damaged, or not a VGG19.
    """
    if path.suffix.lower() == Path(eight_bit.FILE_NAME).suffix:
        weights = _published("imagenet-8bit", path)
        published = f"is the published 8-bit file (SHA-256 {eight_bit.SHA256})"
    else:
        weights = load(path, "file")
        genuine = "is" if imagenet.is_genuine(path) else "is not"
        published = f"{genuine} the published ImageNet file (MD5 {imagenet.MD5})"
    parts = (
        f"{path.suffix.lower()[1:]}, {len(weights.kernels)} layers, the last {list(weights.kernels)[-1]}",
        f"{' '.join(map(str, weights.widths))} channels",
        published,
        f"fingerprint {weights.fingerprint}",
    )
    return f"{weights.origin}: {'; '.join(parts)}"


def load(path: Path, kind: str) -> Weights:
    """The weights in a ``.h5`` or ``.npz`` file.

    Raises:
        WeightsError: the file is missing, damaged, or not a VGG19.
    """
    return _with_fingerprint(kind, *weight_files.read(path), origin=shown(path))


def builtin() -> Weights:
    """The quarter-width extractor of the package, trained by ``tools/train_builtin.py``."""
    return load(BUILTIN, "builtin")


def random() -> Weights:
    """The quarter-width extractor of seeded orthogonal filters; the same on every machine up to rounding."""
    return _with_fingerprint("random", random_filters.kernels(), {}, origin=random_filters.ORIGIN)


def write_npz(
    path: Path, weights: Weights, *, dtype: npt.DTypeLike = np.float32, provenance: str = ""
) -> None:
    """Write ``weights`` as a ``.npz`` that :func:`load` reads, atomically.

    Args:
        path: ends in ``.npz``.
        weights: kernels, biases and readouts are stored.
        dtype: float32, or float16 for half the size.
        provenance: text (JSON) on how the weights were made; it has no effect.
    """
    weight_files.write(path, weights.kernels, weights.readouts, dtype=dtype, provenance=provenance)


def _published(kind: str, path: Path) -> Weights:
    """The ImageNet weights of a kind, from the file that its source gave."""
    if kind == "imagenet":
        return load(path, kind)
    return _with_fingerprint(kind, eight_bit.read(path), {}, origin=shown(path))


def _imagenet_or_builtin(warn: Callable[[str], None], on_bytes: "OnBytes | None") -> Weights:
    for source in fetching.cached():
        return _published(source.kind, source.path())
    try:
        return _published(*fetching.fetch(tuple(fetching.SOURCES), on_bytes, hasty=True))
    except FetchError as error:
        warn(
            "WORKING WITHOUT THE IMAGENET WEIGHTS: with the small built-in extractor instead, pastiches look "
            "plainer. For the ImageNet weights run `nstpipe weights fetch` (it also says what to do by "
            f"hand). {error.reason}"
        )
        return builtin()


def _file(spec: str) -> Path:
    """``spec`` as the path of a weights file."""
    path = Path(spec).expanduser()
    if path.suffix.lower() not in weight_files.EXTENSIONS:
        hint = did_you_mean(spec, KINDS, alike=0.6)
        raise WeightsError(f"{shown(spec)}: neither {', '.join(KINDS)} nor a .h5 or .npz file{hint}")
    if not path.is_file():
        raise WeightsError(f"{shown(path)}: no such weights file; check the path given to --weights")
    return path


def _with_fingerprint(kind: str, kernels: Kernels, readouts: Readouts, origin: str) -> Weights:
    return Weights(kind, kernels, readouts, weight_files.fingerprint(kernels, readouts), origin)
