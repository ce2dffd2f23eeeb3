"""What gradients of our own receive, whatever library calls them."""

from typing import Any


def upstream_of(arguments: tuple[Any, ...], upstream: Any) -> Any:
    """The gradient by the result of a function with a gradient of its own; by a tuple, where it has several.

    Args:
        arguments: what the gradient was called with by position, as some of Keras' backends do.
        upstream: what it was called with by name, as others do; else None.
    """
    if upstream is not None:
        return upstream
    return arguments[0] if len(arguments) == 1 else arguments
