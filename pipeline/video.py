"""Videos: split into frames (OpenCV) and assembled again with their times and sound (PyAV).

The front of :mod:`pipeline.clip`, :mod:`pipeline.sound` and :mod:`pipeline.encoding`.
"""

from pipeline.clip import Clip, Guess, frames, guess, probe
from pipeline.encoding import assemble
from pipeline.media import check_output
from pipeline.sound import Rehearsal, Treatment, rehearse

__all__ = [
    "Clip",
    "Guess",
    "Rehearsal",
    "Treatment",
    "assemble",
    "check_output",
    "frames",
    "guess",
    "probe",
    "rehearse",
]
