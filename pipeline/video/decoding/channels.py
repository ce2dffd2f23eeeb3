"""The channel layouts of sound, read so that a custom one does no harm."""

import ctypes
import re

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

NATIVE_ORDER = (
    *("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR"),
    *("TC", "TFL", "TFC", "TFR", "TBL", "TBC", "TBR"),
)
"""FFmpeg's names of channels, in the order in which its own layouts have them."""


def layout_of(owner: AudioCodecContext | AudioFrame) -> av.AudioLayout:
    """The layout of a decoder or frame. Take it from every frame that is decoded, even if it is not needed.

    A layout whose channels stand in an order of the file's own ("custom") points to a list of them. PyAV's
    object shares that list with its owner, and both free it: the heap is damaged (PyAV 18.1). So the object
    is never freed here; it is 60 bytes.
    """
    layout = owner.layout
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))
    return layout


def name_of(layout: av.AudioLayout) -> str:
    """FFmpeg's name of a layout, with its channels in their order; ``7 channels`` if a label is not UTF-8."""
    try:
        return layout.name
    except UnicodeDecodeError:  # a label of the file's own
        return f"{layout.nb_channels} channels"


def native_name(layout: av.AudioLayout) -> str:
    """The name of the layout in FFmpeg's own order that has the same channels: ``6.1`` for one of a MOV.

    A layout with channels that are unknown, or named by number only, gives ``7 channels``.
    """
    listed = re.search(r"\((\w+(\+\w+)+)\)", name_of(layout))
    names = listed[1].split("+") if listed else []
    if not names:
        return name_of(layout)
    if not {*names} <= {*NATIVE_ORDER} or len({*names}) < len(names):
        return f"{layout.nb_channels} channels"
    name = av.AudioLayout("+".join(sorted(names, key=NATIVE_ORDER.index))).name
    return f"{layout.nb_channels} channels" if "(FL" in name or "+" in name else name
