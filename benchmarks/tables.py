"""Tables of Markdown, as benchmarks print them."""

from collections.abc import Sequence


def head(columns: Sequence[str]) -> str:
    """The two lines at the top of a table."""
    return f"{row(columns)}\n|{'---|' * len(columns)}"


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def number(value: float | None, factor: float = 1.0) -> str:
    """``value`` times ``factor`` with two decimals; empty where there is none."""
    return "" if value is None else f"{factor * value:.2f}"
