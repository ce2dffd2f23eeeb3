"""What a fresh process imports for a job."""

import os
import subprocess
import sys

from tests.support import ROOT

VIDEO_JOB = """
import sys
import numpy as np
import pipeline.api
import pipeline.jobs.work.video_job
from pipeline.core import loading
from pipeline.video.shots import shot_detection

shot_detection.first_frames(np.zeros((3, 48, 64, 3), np.uint8))
assert "scenedetect" in sys.modules
print(sorted({"tensorflow", "matplotlib", "pooch", "requests"} & set(sys.modules)))
sys.modules["matplotlib"] = None  # an import fails from here on, as where it is not installed
loading.stylizer_class()
assert "keras" in sys.modules
"""


def test_a_video_job_imports_no_matplotlib_and_works_without_it() -> None:
    """Keras imports matplotlib where it is installed; nstpipe does only for a plot."""
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", VIDEO_JOB], env=environ, capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.returncode) == ("[]\n", 0), ended.stderr
