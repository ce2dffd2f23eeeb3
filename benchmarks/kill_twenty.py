"""Kill a video job and a batch job twenty times each at random moments, then compare with undisturbed ones.

    python -m benchmarks.kill_twenty [--kills 20] [--seed 0]

Prints for each job whether its files are the same to the byte, and how many items were computed twice
although they were done.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.support.killing import digests, killed, uninterrupted
from tests.support.media import FLAGS, clip, picture

VIDEO = [
    "video",
    "in.mp4",
    "starry.jpg",
    "--keep-frames",
    "-q",
    *FLAGS,
    "--steps",
    "4",
    "--smooth-every",
    "3",
]
BATCH = ["batch", "photos", "starry.jpg", "-q", *FLAGS, "--optimizer", "lbfgs", "--steps", "50"]


def lay_out(folder: Path, items: int) -> None:
    """Write a clip, a folder of pictures and a style."""
    folder.mkdir()
    clip(folder / "in.mp4", frames=items)
    for number in range(items):
        picture(folder / "photos" / f"{number:02}.jpg", number)
    picture(folder / "starry.jpg", 99)


def compare(name: str, arguments: list[str], output: str, items: int, kills: int, seed: int) -> bool:
    """Run the job undisturbed and killed; print and return whether both end the same."""
    with tempfile.TemporaryDirectory() as temporary:
        calm, disturbed = Path(temporary, "calm"), Path(temporary, "disturbed")
        lay_out(calm, items)
        lay_out(disturbed, items)
        output_path, journal = Path(output), Path(f".{output}.nstpipe")
        log = journal / "log.txt"
        undisturbed = uninterrupted(arguments, calm, output_path, log)
        survival = killed(arguments, disturbed, output_path, log, kills=kills, calm=undisturbed, seed=seed)
        frames = [digests(folder / journal / "frames") for folder in (calm, disturbed) if name == "video"]
    same = survival.files == undisturbed.files and frames[:1] == frames[1:]
    twice = len(survival.again_after_done)
    begun = sum(survival.began.values())
    print(
        f"{name}: {survival.kills} kills, {items} items begun {begun} times, "
        f"{twice} again after they were done, bytes {'the same' if same else 'DIFFERENT'}"
    )
    return same and not twice and survival.kills == kills and begun <= items + kills


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--items", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ["NSTPIPE_WEIGHTS"] = "builtin"
    results = [
        compare("video", VIDEO, "in_starry.mp4", options.items, options.kills, options.seed),
        compare("batch", BATCH, "photos_starry", options.items, options.kills, options.seed + 1),
    ]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
