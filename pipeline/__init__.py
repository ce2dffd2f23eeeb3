"""nstpipe: neural style transfer for pictures, folders and videos through one VGG19 core.

    from pipeline import Stylizer, stylize_image, stylize_folder, stylize_video

Names are loaded when they are first used, so that importing the package costs nothing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipeline._version import __version__

# Keras and TensorFlow read these when they are first imported. nstpipe supports only the TensorFlow backend;
# and TensorFlow's log lines at start-up would hide the message that a user has to read.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

if TYPE_CHECKING:
    from pipeline.api import stylize_folder, stylize_image, stylize_video
    from pipeline.core.style_transfer import Pastiche, StepInfo, StyleTransfer
    from pipeline.core.stylizer import Stylizer
    from pipeline.errors import NstpipeError
    from pipeline.extractor.weights import Weights
    from pipeline.jobs.work.observer import Observer
    from pipeline.jobs.work.runs import Outcome, Rules
    from pipeline.report.writing import write_report
    from pipeline.settings.settings import Settings

_HOMES = {
    "NstpipeError": "errors",
    "Observer": "jobs.work.observer",
    "Outcome": "jobs.work.runs",
    "Pastiche": "core.style_transfer",
    "Rules": "jobs.work.runs",
    "Settings": "settings.settings",
    "StepInfo": "core.style_transfer",
    "StyleTransfer": "core.style_transfer",
    "Stylizer": "core.stylizer",
    "Weights": "extractor.weights",
    "stylize_folder": "api",
    "stylize_image": "api",
    "stylize_video": "api",
    "write_report": "report.writing",
}

__all__ = [
    "NstpipeError",
    "Observer",
    "Outcome",
    "Pastiche",
    "Rules",
    "Settings",
    "StepInfo",
    "StyleTransfer",
    "Stylizer",
    "Weights",
    "__version__",
    "stylize_folder",
    "stylize_image",
    "stylize_video",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"pipeline.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
