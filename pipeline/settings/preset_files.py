"""Preset files: named tables of settings, each number with its source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.base import resources
from pipeline.base.messages import LONGEST_VALUE, cut, quoted, shown
from pipeline.errors import SettingsError
from pipeline.settings.settings import Settings, unknown

DEFAULT_PRESET = "balanced"

_ABOUT: dict[str, type] = {
    "description": str,
    "source": str,
    "extends": str,
    "sources": dict,
}
"""The keys of a preset file besides settings, with their types."""

_TYPE_NAMES: dict[type, str] = {str: 'text in quotes, "like this"', dict: "a table"}


@dataclass(frozen=True)
class Preset:
    """A named table of settings: ``values`` and the source of each."""

    name: str
    description: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


def names() -> list[str]:
    """The names of the presets of nstpipe, the default first."""
    files = resources.folder("configs").glob("*.toml")
    return sorted((path.stem for path in files), key=lambda name: (name != DEFAULT_PRESET, name))


def load(name_or_file: str) -> Preset:
    """A preset by name, or from a ``.toml`` file.

    Raises:
        SettingsError: no preset has that name (the nearest is suggested), or the file is not a preset.
    """
    return _read(_file(name_or_file, Path()))


def _file(name_or_file: str, folder: Path) -> Path:
    """The file of a preset; a relative path is relative to ``folder``."""
    if name_or_file in names():
        return resources.folder("configs") / f"{name_or_file}.toml"
    if Path(name_or_file).suffix == ".toml":
        return folder / name_or_file
    raise unknown("preset", name_or_file, names())


def _read(path: Path, extended_by: tuple[Path, ...] = ()) -> Preset:
    table = read_toml(path)
    if path.resolve() in extended_by:
        raise SettingsError(f"{shown(extended_by[-1])}: extends leads back to {shown(path)}; extend another")
    _check_about(table, path)
    base = _base(table["extends"], path, extended_by) if "extends" in table else Preset(path.stem)
    values = {name: value for name, value in table.items() if name not in _ABOUT}
    check_names({**values, **table.get("sources", {})}, shown(path))
    source = table.get("source", shown(path))
    return replace(
        base,
        name=path.stem,
        description=table.get("description", base.description),
        values={**base.values, **values},
        sources={**base.sources, **dict.fromkeys(values, source), **table.get("sources", {})},
    )


def _base(extends: str, path: Path, extended_by: tuple[Path, ...]) -> Preset:
    """The preset that the one in ``path`` extends."""
    try:
        base = _file(extends, path.parent)
    except SettingsError as error:
        raise SettingsError(f"{shown(path)}: {error}") from error
    return _read(base, (*extended_by, path.resolve()))


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a file of settings.

    Raises:
        SettingsError: the file is missing, cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{shown(path)}: no such preset file; `nstpipe presets` lists the names"
        ) from None
    except (OSError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, not TOML, null in a path
        raise SettingsError(f"{shown(path)}: not a TOML file of settings ({error})") from error


def _check_about(table: Mapping[str, Any], path: Path) -> None:
    for name, kind in _ABOUT.items():
        check_kind(name, table.get(name, kind()), kind, shown(path))
    for name, source in table.get("sources", {}).items():
        check_kind(f"sources.{name}", source, str, shown(path))


def check_kind(name: str, value: Any, kind: type, where: str) -> None:
    """Raise a SettingsError unless the value of ``name`` in the file ``where`` is a ``kind``."""
    if not isinstance(value, kind):
        raise SettingsError(
            f"{where}: {cut(name, LONGEST_VALUE)} = {quoted(value)}: it must be {_TYPE_NAMES[kind]}"
        )


def check_names(table: Mapping[str, Any], where: str) -> None:
    """Raise a SettingsError unless every key of ``table``, in the file ``where``, is a setting."""
    for name in table:
        if name not in Settings.model_fields:
            raise SettingsError(f"{where}: {unknown('setting', name, list(Settings.model_fields))}")
