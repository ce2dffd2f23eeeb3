"""The published ImageNet weights of VGG19: their path, their hash, their download.

The file and its path are those that ``keras.applications.VGG19(include_top=False)`` uses, so that
one download serves both.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.extractor.cache import OnBytes
    from pipeline.extractor.download import Timeouts

ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/"
"""The folder on the web that holds the file."""

FILE_NAME = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"

MD5 = "253f8cb515780f3b799900260a226db6"
"""The hash in ``keras/src/applications/vgg19.py``."""


def path() -> Path:
    """The path at which Keras stores the file: under ``KERAS_HOME``, else ``~/.keras``."""
    home = os.environ.get("KERAS_HOME") or "~/.keras"
    return Path(os.path.expanduser(home), "models", FILE_NAME)


def is_genuine(file: Path) -> bool:
    """Whether ``file`` exists and has the bytes of the published one (0.2 s)."""
    from pipeline.extractor.download import has_md5

    return has_md5(file, MD5)


def fetch(on_bytes: "OnBytes | None" = None, timeouts: "Timeouts | None" = None) -> Path:
    """The path of the published file, downloaded first where it is missing or damaged.

    Args:
        on_bytes: called with the bytes received and the total during a download.
        timeouts: bounds on waiting.

    Raises:
        FetchError: the download failed; says how to put the file there by hand.
    """
    from pipeline.extractor import download

    if not is_genuine(path()):
        download.download(ADDRESS + FILE_NAME, path(), MD5, on_bytes, timeouts)
    return path()
