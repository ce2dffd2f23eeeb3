"""Settings laid over each other, row by row, with the source of each."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import SettingsError
from pipeline.settings import LayerWeights, Settings, fill_layer_weights, layer_weights

_LAYER_WEIGHTS: TypeAdapter[dict[str, float]] = TypeAdapter(LayerWeights)


class Merged:
    """The values of all rows so far; a later row wins.

    Attributes:
        values: by field name of :class:`Settings`, not validated but for the tables of layers.
        sources: where each of ``values`` is from, for people.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}

    def add(self, values: Mapping[str, Any], source: Callable[[str], str]) -> None:
        """Lay a row over the others; ``source`` says where the value of a name is from.

        Raises:
            SettingsError: layers that do not exist, or what is no table of layers.
        """
        for name, value in values.items():
            self.sources[name] = source(name)
            self.values[name] = self._filled(name, value) if name.endswith("_layers") else value

    def validate(self) -> Settings:
        """The settings that the rows give.

        Raises:
            SettingsError: a value that cannot be; the message says where it came from.
        """
        try:
            return Settings(**self.values)
        except ValidationError as error:
            raise self._refused(str(error.errors()[0]["loc"][0]), error) from error

    def _filled(self, name: str, value: Any) -> dict[str, float]:
        """A layer named without a weight keeps the one that the rows below give it or its neighbour."""
        try:
            table = fill_layer_weights(layer_weights(value), self.values.get(name, {}))
            return _LAYER_WEIGHTS.validate_python(table)
        except SettingsError as error:
            raise SettingsError(f"{name} (from {self.sources[name]}): {error}") from error
        except ValidationError as error:
            raise self._refused(name, error) from error

    def _refused(self, name: str, error: ValidationError) -> SettingsError:
        problem = error.errors()[0]
        source = self.sources.get(name, "default")
        return SettingsError(f"{name} = {problem['input']!r} (from {source}): {_plain(problem['msg'])}")


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "it must be").replace("\n", " ")
