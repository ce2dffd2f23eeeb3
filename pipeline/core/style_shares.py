"""How much each style of a blend contributes."""

from collections.abc import Sequence

from pipeline.errors import InputError, SettingsError


def style_shares(weights: Sequence[float], count: int) -> list[float]:
    """The share of each of ``count`` styles; together 1.

    Args:
        weights: the setting ``style_weights``: one for each style, or none where all count alike.
        count: how many styles are blended.

    Raises:
        InputError: there is no style.
        SettingsError: the number of weights is not that of the styles.
    """
    if count == 0:
        raise InputError("there is no style; name at least one picture")
    if weights and len(weights) != count:
        styles = "1 style" if count == 1 else f"{count} blended styles"
        raise SettingsError(
            f"--style-weights gives {len(weights)} numbers for {styles}; "
            "give one for each (a batch blends with --blend)"
        )
    numbers = list(weights) or [1.0] * count
    return [weight / sum(numbers) for weight in numbers]
