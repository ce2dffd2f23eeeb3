"""Presets, and how flags, environment, project file, preset and defaults become one :class:`Settings`."""

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline import resources
from pipeline.errors import SettingsError
from pipeline.naming import shown
from pipeline.settings import Settings, fill_layer_weights, layer_weights, unknown

DEFAULT_PRESET = "balanced"
PROJECT_FILE = "nstpipe.toml"
VARIABLE_PREFIX = "NSTPIPE_"
SMALL_EXTRACTORS = frozenset({"builtin", "random"})
"""The kinds of weights for which a preset's ``[builtin]`` table applies."""

_ABOUT = frozenset({"description", "source", "extends", "sources", "builtin"})


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
        command: settings that the command itself implies (a video starts frames from the last one).
        environ: the environment to look for ``NSTPIPE_*`` in.
        folder: where ``nstpipe.toml`` is looked for.
    """

    preset: str | None = None
    flags: Mapping[str, Any] = field(default_factory=dict)
    command: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path = field(default_factory=Path)

    def resolve(self, weights_kind: str | None = None) -> "Resolved":
        """Flags > NSTPIPE_* > ./nstpipe.toml > the command's own > preset > defaults.

        Args:
            weights_kind: the kind of weights that will run; for a small one the ``[builtin]`` table counts.

        Raises:
            SettingsError: an unknown name or a value that cannot be; the message says where it came from.
        """
        project = _project_values(self.folder)
        variables = _variables(self.environ)
        preset = load(
            self.preset
            or self.environ.get(VARIABLE_PREFIX + "PRESET")
            or project.pop("preset", None)
            or DEFAULT_PRESET
        )
        project.pop("preset", None)
        merged = _Merged()
        merged.add(preset.values, lambda name: f"preset {preset.name}: {preset.sources.get(name, 'ours')}")
        if weights_kind in SMALL_EXTRACTORS:
            merged.add(preset.builtin, lambda name: f"preset {preset.name}, [builtin]")
        merged.add(self.command, lambda name: "this command")
        merged.add(project, lambda name: f"./{PROJECT_FILE}")
        merged.add(variables, lambda name: VARIABLE_PREFIX + name.upper())
        merged.add(self.flags, flag_of)
        return Resolved(merged.validate(), merged.sources, preset)


@dataclass(frozen=True)
class Resolved:
    """Settings, the source of each, and the preset that they began with."""

    settings: Settings
    sources: Mapping[str, str]
    preset: Preset

    def as_toml(self) -> str:
        """A preset file that gives the same settings, each with its source as a comment."""
        lines = [f"description = {_toml(self.preset.description)}", ""]
        for name, value in self.settings.model_dump(mode="json").items():
            source = self.sources.get(name, "default")
            lines.append(f"{_entry(name, value)}  # {source}")
        if self.preset.builtin:
            lines += ["", "[builtin]  # instead, where the extractor is builtin or random"]
            lines += [_entry(name, value) for name, value in self.preset.builtin.items()]
        return "\n".join(lines) + "\n"


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
    if name_or_file in names():
        return _read(resources.folder("configs") / f"{name_or_file}.toml")
    path = Path(name_or_file)
    if path.suffix == ".toml":
        return _read(path)
    raise unknown("preset", name_or_file, names())


def _read(path: Path) -> Preset:
    table = _toml_file(path)
    base = load(table["extends"]) if "extends" in table else Preset(path.stem)
    values = {name: value for name, value in table.items() if name not in _ABOUT}
    _check_names({**values, **table.get("builtin", {}), **table.get("sources", {})}, shown(path))
    source = table.get("source", shown(path))
    return replace(
        base,
        name=path.stem,
        description=table.get("description", base.description),
        values={**base.values, **values},
        sources={**base.sources, **dict.fromkeys(values, source), **table.get("sources", {})},
        builtin={**base.builtin, **table.get("builtin", {})},
    )


def _toml_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{shown(path)}: no such preset file; `nstpipe presets` lists the names"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{shown(path)}: not a TOML file of settings ({error})") from error


def _project_values(folder: Path) -> dict[str, Any]:
    path = folder / PROJECT_FILE
    if not path.is_file():
        return {}
    values = _toml_file(path)
    _check_names({name: value for name, value in values.items() if name != "preset"}, f"./{PROJECT_FILE}")
    return values


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings among ``NSTPIPE_*``; an empty variable counts as not set."""
    wanted = {VARIABLE_PREFIX + name.upper(): name for name in Settings.model_fields}
    return {name: environ[variable] for variable, name in wanted.items() if environ.get(variable)}


def _check_names(table: Mapping[str, Any], where: str) -> None:
    for name in table:
        if name not in Settings.model_fields:
            raise SettingsError(f"{where}: {unknown('setting', name, list(Settings.model_fields))}")


class _Merged:
    """Values laid over each other, with the source of each."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}

    def add(self, values: Mapping[str, Any], source: Callable[[str], str]) -> None:
        for name, value in values.items():
            self.values[name] = self._filled(name, value) if name.endswith("_layers") else value
            self.sources[name] = source(name)

    def _filled(self, name: str, value: Any) -> Any:
        """A layer named without a weight keeps the one that the rows below give it or its neighbour."""
        table = layer_weights(value)
        return fill_layer_weights(table, self.values.get(name, {})) if isinstance(table, dict) else table

    def validate(self) -> Settings:
        try:
            return Settings(**self.values)
        except ValidationError as error:
            problem = error.errors()[0]
            name = str(problem["loc"][0])
            source = self.sources.get(name, "default")
            given = problem["input"]
            raise SettingsError(f"{name} = {given!r} (from {source}): {_plain(problem['msg'])}") from error


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "it must be").replace("\n", " ")


def _entry(name: str, value: Any) -> str:
    return f"# {name} is not set" if value is None else f"{name} = {_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
