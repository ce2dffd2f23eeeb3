"""The published ImageNet weights of VGG19: where they lie, whether they are genuine, and how to get them.

The same file, in the same place, as ``keras.applications.VGG19(include_top=False)`` uses, so that one
download serves both.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base.messages import shown
from pipeline.errors import WeightsError

if TYPE_CHECKING:
    from pipeline.extractor.download import OnBytes, Patience

ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/"
FILE_NAME = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"

MD5 = "253f8cb515780f3b799900260a226db6"
"""As Keras states it in ``keras/src/applications/vgg19.py``."""


def path() -> Path:
    """Where Keras keeps the file: under ``KERAS_HOME``, else ``~/.keras``."""
    home = os.environ.get("KERAS_HOME") or "~/.keras"
    return Path(os.path.expanduser(home), "models", FILE_NAME)


def present() -> Path:
    """:func:`path`, where a file lies there.

    Raises:
        WeightsError: none does; says how to get it.
    """
    if not path().exists():
        raise WeightsError(f"{shown(path())}: not there yet; `nstpipe weights fetch` downloads it")
    return path()


def is_genuine(file: Path) -> bool:
    """Whether ``file`` exists and is, byte for byte, the published one (0.2 s)."""
    from pipeline.extractor.download import has_md5

    return has_md5(file, MD5)


def fetch(
    progress: "OnBytes | None" = None, *, address: str = ADDRESS, patience: "Patience | None" = None
) -> Path:
    """The path of the published file, downloaded first where it is missing or damaged.

    Args:
        progress: told of bytes so far and in all while a download runs.
        address: the folder on the web that holds the file.
        patience: how long to wait for what.

    Raises:
        WeightsError: it cannot be had; says how to put it there by hand.
    """
    from pipeline.extractor import download

    if not is_genuine(path()):
        download.download(address + FILE_NAME, path(), MD5, progress, patience)
    return path()
