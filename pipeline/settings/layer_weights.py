"""Tables of layers and their weights, as users write them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from pipeline.base.messages import quoted
from pipeline.errors import SettingsError
from pipeline.extractor import layers


def split_commas(value: Any) -> Any:
    """A comma-separated string, as a flag or the environment gives it, as a list; all else as it is."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def parse(value: Any) -> dict[str, Any]:
    """``block1_conv1,block2_conv1=2``, a list of such parts, or a table, as {layer: weight or None}.

    ``None`` stands for a weight that is not given; :func:`fill` replaces it.

    Raises:
        SettingsError: a layer that does not exist, or ``value`` has none of these forms.
    """
    parts = split_commas(value)
    if isinstance(parts, Mapping):
        return {layers.check(name): weight for name, weight in parts.items()}
    if not isinstance(parts, list | tuple):
        raise SettingsError(f"it must be layers, NAME or NAME=WEIGHT, by commas, not {quoted(value)}")
    table: dict[str, Any] = {}
    for part in parts:
        name, _, weight = str(part).partition("=")
        table[layers.check(name.strip())] = weight.strip() or None
    return table


def fill(table: Mapping[str, Any], defaults: Mapping[str, float]) -> dict[str, Any]:
    """Give each layer without a weight that of the layer nearest in depth among ``defaults``.

    Where ``defaults`` is empty, layers without a weight share 1 equally among themselves, whatever the
    others have: {a: None, b: None, c: 2} gives 1/2, 1/2, 2.
    """
    share = 1 / max(1, sum(weight is None for weight in table.values()))

    def default(layer: str) -> float:
        depth = layers.LAYERS.index(layer)
        nearest = min(defaults, key=lambda other: abs(layers.LAYERS.index(other) - depth), default=None)
        return share if nearest is None else defaults[nearest]

    return {layer: default(layer) if weight is None else weight for layer, weight in table.items()}


def equal_shares(value: Any) -> dict[str, Any]:
    """Parse ``value``; layers without a weight share 1 equally."""
    return fill(parse(value), {})


Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""The weight of a loss, a layer or a style."""

LayerWeights = Annotated[dict[str, Weight], BeforeValidator(equal_shares), Field(min_length=1)]
"""A validated table of at least one layer."""
