"""What a decoded frame carries beside its picture."""

from collections.abc import Iterable
from typing import Any, cast

import av

DISPLAY_MATRIX = "DISPLAYMATRIX"


def of_frame(frame: av.VideoFrame) -> dict[str, bytes]:
    """The side data of a frame, by PyAV's names of the kinds; none if it does not know a kind."""
    try:
        return {data.type.name: bytes(data) for data in cast(Iterable[Any], frame.side_data)}
    except ValueError:
        return {}
