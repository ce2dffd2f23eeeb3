"""The wheel holds everything that a run needs, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.support import ROOT


def test_the_wheel_holds_presets_and_samples(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("nstpipe-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    wanted = [
        "cli.py",
        "pipeline/experiments/reconstruction.toml",
        "pipeline/extractor/builtin.npz",
        "pipeline/py.typed",
        "pipeline/configs/balanced.toml",
        "pipeline/report/template/report.css",
        "pipeline/report/template/report.html.jinja",
        "pipeline/report/template/report.js",
        "pipeline/samples/clip.mp4",
        "pipeline/samples/starry.jpg",
    ]
    assert [name for name in wanted if name not in names] == []
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if ".dist-info" not in name} == {"cli.py", "pipeline"}
    assert not [name for name in names if "__pycache__" in name]
