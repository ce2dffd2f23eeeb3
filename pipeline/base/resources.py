"""The folders of presets and samples: beside the package in a source tree, inside it in a wheel."""

from pathlib import Path


def folder(name: str) -> Path:
    """The path of the folder ``configs`` or ``samples``."""
    package = Path(__file__).resolve().parent.parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
