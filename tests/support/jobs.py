"""What tests of whole jobs share."""

import hashlib
from pathlib import Path

from pipeline import Rules
from tests.support.media import TINY

FRAMES = Path(".in_starry.mp4.nstpipe/frames")
KEEP = Rules(keep_frames=True)
SMOOTHED = TINY | {"steps": 4, "smooth_every": 3}


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
