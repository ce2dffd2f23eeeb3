"""Presets, and how flags, environment, project file, preset and defaults become one :class:`Settings`."""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline import resources
from pipeline.errors import SettingsError
from pipeline.merging import Merged
from pipeline.naming import shown
from pipeline.settings import Settings, unknown

DEFAULT_PRESET = "balanced"
PROJECT_FILE = "nstpipe.toml"
VARIABLE_PREFIX = "NSTPIPE_"
SMALL_EXTRACTORS = frozenset({"builtin", "random"})
"""The kinds of weights for which a preset's ``[builtin]`` table applies."""

_ABOUT: dict[str, type] = {
    "description": str,
    "source": str,
    "extends": str,
    "sources": dict,
    "builtin": dict,
}
"""What a preset file holds besides settings."""
_IN_WORDS: dict[type, str] = {str: 'text in quotes, "like this"', dict: "a table"}


@dataclass(frozen=True)
class Preset:
    """A named table of settings: ``values``, where each is from, and what differs on a small extractor."""

    name: str
    description: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    builtin: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """What the user asked for, before it is resolved.

    Attributes:
        preset: a preset's name or a ``.toml`` file; None: as the environment or project file says.
        flags: settings given outright, by field name; they win over everything.
        environ: the environment to look for ``NSTPIPE_*`` in.
        folder: where ``nstpipe.toml`` is looked for.
    """

    preset: str | None = None
    flags: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path = field(default_factory=Path)

    def resolve(self, weights_kind: str | None = None) -> "Resolved":
        """Flags > NSTPIPE_* > ./nstpipe.toml > preset > defaults.

        Args:
            weights_kind: the kind of weights that will run; for a small one the ``[builtin]`` table counts.

        Raises:
            SettingsError: an unknown name or a value that cannot be; the message says where it came from.
        """
        project = _project_values(self.folder)
        of_project = project.pop("preset", None)
        of_environ = self.environ.get(VARIABLE_PREFIX + "PRESET")
        preset = load(self.preset or of_environ or of_project or DEFAULT_PRESET)
        small = self._merged(preset, preset.builtin, project)
        runs = small if weights_kind in SMALL_EXTRACTORS else self._merged(preset, {}, project)
        return Resolved(runs.validate(), runs.sources, preset, small.validate())

    def _merged(self, preset: Preset, builtin: Mapping[str, Any], project: Mapping[str, Any]) -> Merged:
        merged = Merged()
        merged.add(preset.values, lambda name: f"preset {preset.name}: {preset.sources.get(name, 'ours')}")
        merged.add(builtin, lambda name: f"preset {preset.name}, [builtin]")
        merged.add(project, lambda name: f"./{PROJECT_FILE}")
        merged.add(_variables(self.environ), lambda name: VARIABLE_PREFIX + name.upper())
        merged.add(self.flags, flag_of)
        return merged


@dataclass(frozen=True)
class Resolved:
    """What runs.

    Attributes:
        settings: with the kind of weights that they were resolved for.
        sources: where each is from, by field name; none for a default.
        preset: what they began with.
        on_small: the settings with a small extractor, ``settings`` themselves if they are for one.
    """

    settings: Settings
    sources: Mapping[str, str]
    preset: Preset
    on_small: Settings

    def as_toml(self) -> str:
        """A preset file that gives the same settings, each with its source as a comment.

        Its ``[builtin]`` table holds what a small extractor gets instead. There is none if the settings
        are for a small extractor already: then the values are those that run.
        """
        lines = [f"description = {_toml(self.preset.description)}", ""]
        for name, value in self.settings.model_dump(mode="json").items():
            source = shown(self.sources.get(name, "default"))  # a comment ends with its line
            lines.append(f"{_entry(name, value)}  # {source}")
        if self.on_small != self.settings:
            lines += ["", "[builtin]  # instead, where the extractor is builtin or random"]
            lines += [_entry(name, value) for name, value in self._others_on_small().items()]
        return "\n".join(lines) + "\n"

    def _others_on_small(self) -> dict[str, Any]:
        usual = self.settings.model_dump(mode="json")
        small = self.on_small.model_dump(mode="json")
        return {name: value for name, value in small.items() if value != usual[name]}


def flag_of(name: str) -> str:
    """``--content-weight`` for ``content_weight``."""
    return "--" + name.replace("_", "-")


def names() -> list[str]:
    """The presets that come with nstpipe, the default first."""
    found = sorted(path.stem for path in resources.folder("configs").glob("*.toml"))
    return sorted(found, key=lambda name: name != DEFAULT_PRESET)


def load(name_or_file: str) -> Preset:
    """A preset by name, or from a ``.toml`` file.

    Raises:
        SettingsError: there is none of that name (the nearest is suggested), or the file is not a preset.
    """
    return _read(_file(name_or_file, Path()))


def _file(name_or_file: str, folder: Path) -> Path:
    """The file of a preset; a relative one is looked for in ``folder``."""
    if name_or_file in names():
        return resources.folder("configs") / f"{name_or_file}.toml"
    if Path(name_or_file).suffix == ".toml":
        return folder / name_or_file
    raise unknown("preset", name_or_file, names())


def _read(path: Path, extended_by: tuple[Path, ...] = ()) -> Preset:
    table = _toml_file(path)
    if path.resolve() in extended_by:
        raise SettingsError(f"{shown(extended_by[-1])}: extends leads back to {shown(path)}; extend another")
    _check_about(table, path)
    base = _base(table["extends"], path, extended_by) if "extends" in table else Preset(path.stem)
    values = {name: value for name, value in table.items() if name not in _ABOUT}
    _check_names({**values, **table.get("builtin", {}), **table.get("sources", {})}, shown(path))
    source = table.get("source", shown(path))
    return replace(
        base,
        name=path.stem,
        description=table.get("description", base.description),
        values={**base.values, **values},
        sources={**base.sources, **dict.fromkeys(values, source), **table.get("sources", {})},
        # What a preset says itself counts for every extractor, whatever its base says of small ones.
        builtin={k: v for k, v in base.builtin.items() if k not in values} | table.get("builtin", {}),
    )


def _base(extends: str, path: Path, extended_by: tuple[Path, ...]) -> Preset:
    """The preset that the one in ``path`` extends."""
    try:
        base = _file(extends, path.parent)
    except SettingsError as error:
        raise SettingsError(f"{shown(path)}: {error}") from error
    return _read(base, (*extended_by, path.resolve()))


def _toml_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{shown(path)}: no such preset file; `nstpipe presets` lists the names"
        ) from None
    except (
        OSError,
        ValueError,
        RecursionError,
    ) as error:  # ValueError: not UTF-8, not TOML, a null in a path
        raise SettingsError(f"{shown(path)}: not a TOML file of settings ({error})") from error


def _project_values(folder: Path) -> dict[str, Any]:
    path = folder / PROJECT_FILE
    if not path.is_file():
        return {}
    values = _toml_file(path)
    _check_kind("preset", values.get("preset", ""), str, f"./{PROJECT_FILE}")
    _check_names({name: value for name, value in values.items() if name != "preset"}, f"./{PROJECT_FILE}")
    return values


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings among ``NSTPIPE_*``; an empty variable counts as not set, an unknown one as a slip."""
    wanted = {VARIABLE_PREFIX + name.upper(): name for name in Settings.model_fields}
    known = [*wanted, VARIABLE_PREFIX + "PRESET"]
    for variable in environ:
        if variable.startswith(VARIABLE_PREFIX) and variable not in known:
            raise unknown("variable", variable, known)
    return {name: environ[variable] for variable, name in wanted.items() if environ.get(variable)}


def _check_about(table: Mapping[str, Any], path: Path) -> None:
    for name, kind in _ABOUT.items():
        _check_kind(name, table.get(name, kind()), kind, shown(path))
    for name, source in table.get("sources", {}).items():
        _check_kind(f"sources.{name}", source, str, shown(path))


def _check_kind(name: str, value: Any, kind: type, where: str) -> None:
    if not isinstance(value, kind):
        raise SettingsError(f"{where}: {name} = {value!r}: it must be {_IN_WORDS[kind]}")


def _check_names(table: Mapping[str, Any], where: str) -> None:
    for name in table:
        if name not in Settings.model_fields:
            raise SettingsError(f"{where}: {unknown('setting', name, list(Settings.model_fields))}")


def _entry(name: str, value: Any) -> str:
    return f"# {name} is not set" if value is None else f"{name} = {_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # as TOML asks, unlike JSON
