"""How flags, environment, project file, preset and defaults become one :class:`Settings`."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.base.messages import quoted, shown
from pipeline.errors import SettingsError
from pipeline.settings import layer_weights, preset_files
from pipeline.settings.layer_weights import LayerWeights
from pipeline.settings.preset_files import Preset
from pipeline.settings.settings import Settings, unknown

PROJECT_FILE = "nstpipe.toml"
VARIABLE_PREFIX = "NSTPIPE_"

_LAYER_WEIGHTS: TypeAdapter[dict[str, float]] = TypeAdapter(LayerWeights)


class Merged:
    """The values of all rows added so far; a later row overrides an earlier one.

    Attributes:
        values: by field name of :class:`Settings`; only the tables of layers are validated.
        sources: the source of each value, as shown to users.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}

    def add(self, values: Mapping[str, Any], source: Callable[[str], str]) -> None:
        """Add a row that overrides the others; ``source`` gives the source of a name's value.

        Raises:
            SettingsError: a layer that does not exist, or a value that is not a table of layers.
        """
        for name, value in values.items():
            self.sources[name] = source(name)
            self.values[name] = self._fill_layers(name, value) if name.endswith("_layers") else value

    def validate(self) -> Settings:
        """The settings that the rows give.

        Raises:
            SettingsError: an invalid value; the message names its source.
        """
        try:
            return Settings(**self.values)
        except ValidationError as error:
            raise self._error(str(error.errors()[0]["loc"][0]), error) from error

    def _fill_layers(self, name: str, value: Any) -> dict[str, float]:
        """Give layers without a weight the one that earlier rows give to them or to the nearest layer."""
        try:
            table = layer_weights.fill(layer_weights.parse(value), self.values.get(name, {}))
            return _LAYER_WEIGHTS.validate_python(table)
        except SettingsError as error:
            raise SettingsError(f"{name} (from {self.sources[name]}): {error}") from error
        except ValidationError as error:
            raise self._error(name, error) from error

    def _error(self, name: str, error: ValidationError) -> SettingsError:
        problem = error.errors()[0]
        source = self.sources.get(name, "default")
        return SettingsError(f"{name} = {quoted(problem['input'])} (from {source}): {_plain(problem['msg'])}")


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "it must be").replace("\n", " ")


@dataclass(frozen=True)
class Choice:
    """The sources of settings: preset, flags, environment and project file.

    Attributes:
        preset: a preset's name or a ``.toml`` file; None: that of the environment or project file.
        flags: settings by field name; they override all other sources.
        environ: the environment variables, ``NSTPIPE_*`` among them.
        folder: the folder that may hold ``nstpipe.toml``.
    """

    preset: str | None = None
    flags: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path = field(default_factory=Path)

    def resolve(self) -> "Resolved":
        """Flags > NSTPIPE_* > ./nstpipe.toml > preset > defaults.

        Raises:
            SettingsError: an unknown name or an invalid value; the message names its source.
        """
        project = _project_values(self.folder)
        project_preset = project.pop("preset", None)
        variable_preset = self.environ.get(VARIABLE_PREFIX + "PRESET")
        preset = preset_files.load(
            self.preset or variable_preset or project_preset or preset_files.DEFAULT_PRESET
        )
        merged = Merged()
        merged.add(preset.values, lambda name: f"preset {preset.name}: {preset.sources.get(name, 'ours')}")
        merged.add(project, lambda name: f"./{PROJECT_FILE}")
        merged.add(_variables(self.environ), lambda name: VARIABLE_PREFIX + name.upper())
        merged.add(self.flags, flag_of)
        return Resolved(merged.validate(), merged.sources, preset)


@dataclass(frozen=True)
class Resolved:
    """The settings of a job and their sources.

    Attributes:
        settings: the values that apply.
        sources: the source of each, by field name; a default has none.
        preset: the preset that they are based on.
    """

    settings: Settings
    sources: Mapping[str, str]
    preset: Preset

    def as_toml(self) -> str:
        """A preset file that gives the same settings, each with its source as a comment."""
        lines = [f"description = {_toml(self.preset.description)}", ""]
        for name, value in self.settings.model_dump(mode="json").items():
            source = shown(self.sources.get(name, "default"))  # a comment ends with its line
            lines.append(f"{_entry(name, value)}  # {source}")
        return "\n".join(lines) + "\n"


def flag_of(name: str) -> str:
    """``--content-weight`` for ``content_weight``."""
    return "--" + name.replace("_", "-")


def _project_values(folder: Path) -> dict[str, Any]:
    path = folder / PROJECT_FILE
    if not path.is_file():
        return {}
    values = preset_files.read_toml(path)
    preset_files.check_kind("preset", values.get("preset", ""), str, f"./{PROJECT_FILE}")
    preset_files.check_names(
        {name: value for name, value in values.items() if name != "preset"}, f"./{PROJECT_FILE}"
    )
    return values


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings among ``NSTPIPE_*``. An empty variable counts as not set; an unknown one is an error."""
    names = {VARIABLE_PREFIX + name.upper(): name for name in Settings.model_fields}
    variables = [*names, VARIABLE_PREFIX + "PRESET"]
    for variable in environ:
        if variable.startswith(VARIABLE_PREFIX) and variable not in variables:
            raise unknown("variable", variable, variables)
    return {name: environ[variable] for variable, name in names.items() if environ.get(variable)}


def _entry(name: str, value: Any) -> str:
    return f"# {name} is not set" if value is None else f"{name} = {_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return "".join(map(_escaped, json.dumps(value, ensure_ascii=False)))


def _escaped(character: str) -> str:
    """As TOML has it: JSON leaves DEL and the control characters from 0x80 on, which a terminal obeys."""
    return character if character.isprintable() else f"\\U{ord(character):08x}"
