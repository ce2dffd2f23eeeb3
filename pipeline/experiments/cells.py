"""The cells of a comparison: styles, presets, swept settings, and the grid of one or two axes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from pipeline.base.messages import quoted, shown
from pipeline.core import precisions
from pipeline.errors import SettingsError
from pipeline.jobs.planning.output_names import folded
from pipeline.settings import preset_files
from pipeline.settings.choice import Choice, flag_of
from pipeline.settings.layer_weights import split_commas
from pipeline.settings.settings import NOT_IN_FINGERPRINT, VIDEO_ONLY, Settings, unknown

STYLE, PRESET = "style", "preset"
"""The names of the axes of styles and presets."""

SWEPT = tuple(name for name in Settings.model_fields if name not in NOT_IN_FINGERPRINT | VIDEO_ONLY)
"""The settings that a sweep can vary: those that change the pixels of a picture."""

FIXED = tuple(name for name in Settings.model_fields if name not in VIDEO_ONLY | {"snapshot_every"})
"""The settings that can be given as flags; they apply to every cell."""

OF_THE_DESCENT = frozenset(
    {
        *("scales", "steps", "max_iterations", "smooth_every", "init", "seed"),
        *("optimizer", "step_size", "beta1", "beta2", "epsilon", "decay_rate", "decay_steps"),
    }
)
"""Settings that do not enter the objective at the full size: where only these differ, losses compare."""


LISTS = '"NAME=LIST;LIST" where each value is a list, such as "steps=30;70,55,35"'
"""The form of a sweep over lists, for messages."""


@dataclass(frozen=True)
class Axis:
    """One axis of the grid: ``style``, ``preset`` or a setting, and its values as the user wrote them."""

    name: str
    values: tuple[str, ...]

    @property
    def labels(self) -> list[str]:
        """``strength=25`` …; of a style or a preset's file its name without folder and extension."""
        return [f"{self.name}={self._shown(value)}" for value in self.values]

    def _shown(self, value: str) -> str:
        if self.name == STYLE:
            return shown(Path(value).stem)
        return preset_files.load(value).name if self.name == PRESET else value


@dataclass(frozen=True)
class Cell:
    """One cell of the grid.

    Attributes:
        labels: of its place on each axis.
        style: the picture whose style it takes.
        preset: the preset's name or file; None: that of the environment or project file, or the default.
        flags: settings that override it, by field name.
    """

    labels: tuple[str, ...]
    style: Path
    preset: str | None
    flags: Mapping[str, Any]

    @property
    def name(self) -> str:
        """``strength=25 optimizer=adam``."""
        return " ".join(self.labels)

    def settings(self) -> Settings:
        """Flags > NSTPIPE_* > ./nstpipe.toml > preset; swept values are flags.

        Raises:
            SettingsError: an invalid value; the message names its flag.
        """
        # Snapshots of a preset would take time of its steps, and have no place on the sheet.
        flags = {**self.flags, "snapshot_every": 0}
        return precisions.settled(Choice(self.preset, flags).resolve().settings)


@dataclass(frozen=True)
class Grid:
    """The cells of a comparison.

    Attributes:
        axes: that of the rows, then that of the columns, or the only one; that of the styles is the first.
        styles: those of all cells; where there are several, they are an axis.
        preset: of every cell, where the presets are no axis.
        flags: settings of every cell, by field name.
    """

    axes: tuple[Axis, ...]
    styles: tuple[Path, ...]
    preset: str | None = None
    flags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cells(self) -> list[Cell]:
        """Row by row."""
        places = product(*(zip(axis.labels, axis.values, strict=True) for axis in self.axes))
        return [self._cell(place) for place in places]

    def _cell(self, place: Sequence[tuple[str, str]]) -> Cell:
        values = {axis.name: value for axis, (_, value) in zip(self.axes, place, strict=True)}
        labels = tuple(label for label, _ in place)
        style = Path(values.pop(STYLE, self.styles[0]))
        preset = values.pop(PRESET, self.preset)
        return Cell(labels, style, preset, {**self.flags, **values})


def grid(
    styles: Sequence[Path], presets: str | None, sweeps: Sequence[str], flags: Mapping[str, Any]
) -> Grid:
    """The grid that a user asks for.

    Args:
        styles: pictures; a single one is the style of every cell.
        presets: names or files by commas; a single one is the preset of every cell.
        sweeps: ``NAME=VALUE,VALUE…`` each; where there is a semicolon, these separate the values, which may
            be lists then: ``steps=30;70,55,35``.
        flags: settings of every cell, by field name.

    Raises:
        SettingsError: there is nothing to compare, there are more than two axes, an axis has a value twice,
            or a name or value is wrong.
    """
    names = _some("--presets", presets, split_commas(presets)) if presets is not None else ()
    axes = [Axis(STYLE, tuple(map(str, styles)))] if len(styles) > 1 else []
    axes += [Axis(PRESET, names)] if len(names) > 1 else []
    axes += [_swept(sweep) for sweep in sweeps]
    if not axes:
        raise SettingsError(
            "there is nothing to compare; give --presets A,B, --sweep NAME=VALUE,VALUE or more styles"
        )
    if len(axes) > 2:
        raise SettingsError(f"{' x '.join(axis.name for axis in axes)}: a grid has at most two axes")
    for axis in axes:
        if axis.name in flags:
            flag = flag_of(axis.name)
            raise SettingsError(f"{axis.name} is swept and given by {flag}; leave out one of them")
    _check_distinct(axes)
    made = Grid(tuple(axes), tuple(styles), names[0] if len(names) == 1 else None, flags)
    for cell in made.cells:
        cell.settings()
    return made


def objective_of(settings: Settings) -> Mapping[str, Any]:
    """What the final loss depends on besides the picture: cells that agree in it minimise the same loss."""
    values = settings.that_change_pixels(of_a_video=False)
    return {name: value for name, value in values.items() if name not in OF_THE_DESCENT}


def _swept(sweep: str) -> Axis:
    name, equals, values = sweep.partition("=")
    name = name.strip().removeprefix("--").replace("-", "_")
    if not equals:
        raise SettingsError(f"--sweep {quoted(sweep)}: write NAME=VALUE,VALUE, or {LISTS}")
    if name not in Settings.model_fields:
        raise unknown("setting", name, SWEPT)
    if name not in SWEPT:
        raise SettingsError(f"--sweep {name}: changes no pixel of a picture, or is the same in every cell")
    return Axis(name, _some(f"--sweep {name}", values, _separated(values)))


def _separated(values: str) -> list[str]:
    """By semicolons where there is one, so that a value can be a list; else by commas."""
    if ";" not in values:
        return split_commas(values)
    return [",".join(split_commas(value)) for value in values.split(";")]


def _some(flag: str, text: str, values: Sequence[str]) -> tuple[str, ...]:
    """The values that are not empty.

    Raises:
        SettingsError: ``text`` holds none.
    """
    if not any(values):
        raise SettingsError(f"{flag} {quoted(text)}: has no value; give some, by commas")
    return tuple(filter(None, values))


def _check_distinct(axes: Sequence[Axis]) -> None:
    for axis in axes:
        names = [folded(label) for label in axis.labels]  # some file systems take these for the same
        twice = next((label for label in axis.labels if names.count(folded(label)) > 1), None)
        if twice and axis.name == STYLE:
            raise SettingsError(f"{shown(twice)}: two styles have this name; rename the file of one")
        if twice:
            raise SettingsError(f"{twice}: is there twice; name each cell once")
    if len(axes) == 2 and axes[0].name == axes[1].name:
        raise SettingsError(f"{axes[0].name} is swept twice; put its values into one --sweep, by commas")
