"""The reconstructions of a picture: which layers each is made from, and its settings.

The figure of Gatys, Ecker, Bethge 2015 ("A Neural Algorithm of Artistic Style", figure 1): the content from
block1_conv1 to block5_conv1, of one layer each; the style from the same layers, one more each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pipeline.settings import preset_files
from pipeline.settings.choice import Choice
from pipeline.settings.settings import DEFAULT_STYLE_LAYERS, Settings

Kind = Literal["content", "style"]
KINDS: tuple[Kind, ...] = get_args(Kind)

OPEN_SETTINGS = ("size", "steps", "pooling", "seed", "weights", "device")
"""The settings that users choose; the others belong to the objective."""

PRESET = Path(__file__).with_name("reconstruction.toml")
"""The objective's settings, and the defaults of the open ones."""

CONTENT_TV_WEIGHT = 1e-5
"""A trace of total variation, ours: deep layers see little of the noise of the start, so it would stay.

In the result it is about 0.01, where the content loss is 1 for a picture without any activation.
"""

LAYERS = DEFAULT_STYLE_LAYERS
"""The first convolution of each block, shallow to deep."""


@dataclass(frozen=True)
class Reconstruction:
    """One picture of a figure.

    Attributes:
        kind: what is matched at the layers: activations, or Gram matrices.
        name: of its file.
        label: on the sheet.
        layers: those that are matched; they weigh the same.
    """

    kind: Kind
    name: str
    label: str
    layers: tuple[str, ...]


def kinds(*, content: bool, style: bool) -> tuple[Kind, ...]:
    """The figures that are asked for; both where none is."""
    asked = {"content": content, "style": style}
    return tuple(kind for kind in KINDS if asked[kind]) or KINDS


def figure(kind: Kind) -> list[Reconstruction]:
    """The five pictures of a figure, shallow to deep."""
    if kind == "content":
        return [Reconstruction(kind, f"content_{layer}.png", layer, (layer,)) for layer in LAYERS]
    return [
        Reconstruction(kind, f"style_blocks_1-{last}.png", _of_blocks(last), LAYERS[:last])
        for last in range(1, len(LAYERS) + 1)
    ]


def settings_of(one: Reconstruction, flags: Mapping[str, Any]) -> Settings:
    """The settings of a reconstruction: nothing but its layers has a weight, and with content a trace of tv.

    Args:
        flags: of :data:`OPEN_SETTINGS`. For these, as for a job, flags > NSTPIPE_* > ./nstpipe.toml > preset.

    Raises:
        SettingsError: an invalid value; the message names its source.
    """
    values = Settings(**preset_files.load(str(PRESET)).values).model_dump()
    closed = {name: value for name, value in values.items() if name not in OPEN_SETTINGS}
    objective = {
        f"{one.kind}_layers": dict.fromkeys(one.layers, 1 / len(one.layers)),
        "content_weight": float(one.kind == "content"),
        "style_weight": float(one.kind == "style"),
        "tv_weight": CONTENT_TV_WEIGHT if one.kind == "content" else 0.0,
    }
    return Choice(str(PRESET), {**closed, **objective, **flags}).resolve().settings


def _of_blocks(last: int) -> str:
    return LAYERS[0] if last == 1 else f"conv1 of blocks 1-{last}"
