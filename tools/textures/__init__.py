"""Procedural textures: every family designs classes, and a class draws any number of pictures.

``FAMILY.design(rng)`` draws the parameters of one class and returns its painter; ``painter(rng)`` draws
one picture of that class, uint8 RGB (SIDE, SIDE, 3). Two pictures of a class differ only by chance.
"""

from tools.textures import contours, leaves, marks, mosaic, patterns, scenes, spectral, strokes
from tools.textures.canvas import SIDE, Painter

FAMILIES = (spectral, strokes, leaves, mosaic, patterns, contours, marks, scenes)
"""The modules that design classes."""

__all__ = ["FAMILIES", "SIDE", "Painter"]
