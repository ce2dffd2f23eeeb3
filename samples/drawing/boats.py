"""Wooden boats, with or without sails."""

from __future__ import annotations

import numpy as np

from .paints import coat, plain
from .palette import linear
from .scene import Paint, Place, Thing, turned
from .shapes import Implicit, Prism, box

Array = np.ndarray


def boat(
    place: Place, turn: float, length: float, colours: tuple[str, str], sails: str | None, cabin: bool = False
) -> list[Thing]:
    """A boat with its bow along local +x; `colours` of hull and trim, sails where their colour is given."""
    things = [
        Thing(_hull(length), _planks(length, *colours), place, turn),
        *_spars(place, turn, length, bool(sails)),
    ]
    if cabin:
        shape = box(0.24 * length, 0.15 * length, 0.17 * length)
        aft = turned(place, turn, (-0.16 * length, 0.068 * length, 0))
        things.append(Thing(shape, _cabin(colours[1]), aft, turn))
    if sails:
        things += _sails(place, turn, length, sails)
    return things + _rigging(place, turn, length, _mast(length, bool(sails)))


def _mast(length: float, sails: bool) -> float:
    """The mast's height: a boat without sails keeps a short one, for its lamp and its net."""
    return (1.25 if sails else 0.85) * length


def _spars(place: Place, turn: float, length: float, sails: bool) -> list[Thing]:
    """Mast and boom."""
    beam = 0.012 * length
    mast = box(beam, _mast(length, sails), beam)
    boom = Prism([(-0.40 * length, 0), (0, 0), (0, beam), (-0.40 * length, beam)], beam / 2)
    return [
        Thing(shape, plain("#6b4a2c"), turned(place, turn, (0.06 * length, up, 0)), turn)
        for shape, up in ((mast, 0.0), (boom, 0.215 * length))
    ]


def _hull(length: float) -> Implicit:
    half, beam, board = length / 2, 0.15 * length, 0.085 * length

    def field(points: Array) -> Array:
        along = points[:, 0] / half
        sheer = board * (1 + 0.75 * np.maximum(along, 0) ** 2 + 0.25 * along**2)
        flare = 0.62 + 0.38 * np.clip(points[:, 1] / board, -0.5, 1.3)
        narrow = np.where(along > 0, 1 - np.abs(along) ** 2.1, 1 - 0.45 * np.abs(along) ** 3.2)
        side = np.abs(points[:, 2]) - beam * narrow * flare
        rail = np.where(np.abs(points[:, 2]) < beam * narrow * flare - 0.02 * length, 0.035 * length, 0)
        outside = np.maximum(
            np.abs(points[:, 0]) - half * (0.97 + 0.03 * points[:, 1] / board), -points[:, 1] - 0.03 * length
        )
        return np.maximum(np.maximum(side, points[:, 1] - sheer + rail), outside).astype(np.float32)

    low = [-0.50 * length, -0.03 * length, -0.17 * length]
    return Implicit(field, low, [0.53 * length, 0.18 * length, 0.17 * length], 32)


def _planks(length: float, hull: str, trim: str) -> Paint:
    board = 0.085 * length

    def paint(points: Array, normals: Array) -> Array:
        along = points[:, 0] / (length / 2)
        sheer = board * (1 + 0.75 * np.maximum(along, 0) ** 2 + 0.25 * along**2)
        below = (sheer - points[:, 1]) / board
        seams = 0.90 + 0.10 * np.sin(below * 26)
        colour = linear(hull) * seams[:, None]
        colour = np.where((below < 0.17)[:, None], linear(trim), colour)
        colour = np.where((points[:, 1] < 0.16 * board)[:, None], linear("#6a2a22"), colour)
        colour = np.where(
            (normals[:, 1] > 0.7)[:, None],
            linear("#9a7a52") * (0.8 + 0.2 * np.sin(points[:, 2] * 40))[:, None],
            colour,
        )
        return coat(colour, 0.02)

    return paint


def _cabin(name: str) -> Paint:
    def paint(points: Array, normals: Array) -> Array:
        height = points[:, 1] / np.maximum(points[:, 1].max(), 1e-3)
        panes = (
            (np.abs(height - 0.66) < 0.16)
            & (np.abs(normals[:, 1]) < 0.5)
            & ((points[:, 0] + points[:, 2]) * 1.6 % 1 < 0.72)
        )
        return coat(np.where(panes[:, None], linear("#1d2a33"), linear(name)), np.where(panes, 0.12, 0.01))

    return paint


def _sails(place: Place, turn: float, length: float, name: str) -> list[Thing]:
    """A mainsail behind the mast and a jib before it."""

    def paint(points: Array, normals: Array) -> Array:
        seams = 0.93 + 0.07 * (points[:, 1] / (0.11 * length) % 1 > 0.06)
        return coat(linear(name) * seams[:, None])

    foot, mast = 0.25 * length, _mast(length, True)
    main = Prism(
        [(-0.40 * length, foot), (-0.01 * length, foot), (-0.01 * length, 0.97 * mast)], 0.004 * length
    )
    jib = Prism(
        [(0.03 * length, 0.16 * length), (0.42 * length, 0.13 * length), (0.02 * length, 0.86 * mast)],
        0.004 * length,
    )
    spot = turned(place, turn, (0.06 * length, 0, 0))
    return [Thing(main, paint, spot, turn - 0.16), Thing(jib, paint, spot, turn - 0.10)]


def _rigging(place: Place, turn: float, length: float, mast: float) -> list[Thing]:
    """Stays from the masthead to bow and stern."""
    thin = 0.0022 * length
    spot = turned(place, turn, (0.06 * length, 0, 0))
    ends = [(0.43 * length, 0.13 * length), (-0.53 * length, 0.10 * length)]
    stays = []
    for x, y in ends:
        across = thin if x > 0 else -thin
        stays.append(Prism([(x, y), (x + across, y), (across, mast), (0, mast)][:: 1 if x > 0 else -1], thin))
    return [Thing(stay, plain("#3a3027"), spot, turn) for stay in stays]
