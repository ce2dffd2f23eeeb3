"""The curves of a report: SVG that takes its colours and letters from the page."""

import re
from xml.etree import ElementTree

import pytest

from pipeline.report import curves
from pipeline.steadiness.curves import Steadiness

SVG = "{http://www.w3.org/2000/svg}"
ROWS = [
    {
        "step": step,
        "scale": 1 + step // 4,
        "total": 8 / step,
        "content": 5 / step,
        "style": 3 / step,
        "tv": 0.0,
    }
    for step in range(1, 7)
]


def parsed(svg: str) -> ElementTree.Element:
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert not {"width", "height"} & root.attrib.keys()  # the page decides how wide it is
    return root


def words(svg: str) -> set[str]:
    return {"".join(text.itertext()).strip() for text in parsed(svg).iter(f"{SVG}text")}


def steady(frames: int) -> Steadiness:
    values = tuple(float(number) for number in range(frames))
    return Steadiness((0, frames // 2), values, values, values, values, values, values)


ALL = {
    "one": lambda: curves.losses_of_one(ROWS),
    "many": lambda: curves.losses_of_many([ROWS, ROWS[:2], ROWS[:1]]),
    "bars": lambda: curves.of_items({1: 2.0, 3: 4.0}, "seconds", "picture", "seconds"),
    "dots": lambda: curves.of_items({number: 2.0 for number in range(100)}, "seconds", "frame", "times"),
    "steadiness": lambda: curves.steadiness(steady(10)),
}


@pytest.mark.parametrize("name", ALL)
def test_a_chart_needs_nothing_from_elsewhere_and_takes_the_colours_of_the_page(name: str) -> None:
    svg = ALL[name]()
    addresses = re.findall(r'(?:href|src)="([^"]*)"|url\(([^)]*)\)', svg)
    assert all((link or place).startswith("#") for link, place in addresses)
    assert "currentColor" in svg
    assert "var(--line)" in svg
    assert re.findall(r"#(?:000000|010203|ffffff|e4e4e4)", svg) == []
    ids = [element.get("id") for element in parsed(svg).iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    links = {link.removeprefix("#") for link, _ in addresses if link}
    places = {place.removeprefix("#") for _, place in addresses if place}
    assert links | places <= set(ids)


def test_the_charts_of_one_page_share_no_ids() -> None:
    ids = [set(re.findall(r'id="([^"]*)"', draw())) for draw in ALL.values()]
    assert sum(map(len, ids)) == len(set().union(*ids))


def test_the_losses_of_one_picture_are_named_but_for_those_that_are_0() -> None:
    assert {"total", "content", "style", "step", "loss"} <= words(curves.losses_of_one(ROWS))
    assert "tv" not in words(curves.losses_of_one(ROWS))


def test_a_picture_whose_losses_are_all_0_has_a_chart_without_curves() -> None:
    zeros = [{"step": 1, "scale": 1, "total": 0.0}, {"step": 2, "scale": 1, "total": 0.0}]
    assert "total" not in words(curves.losses_of_one(zeros))
    parsed(curves.losses_of_many([zeros]))


def test_the_chart_of_500_pictures_is_small() -> None:
    rows = [{"step": step, "scale": 1, "total": 1 + 1 / (1 + step % 7)} for step in range(1, 257)]
    assert len(curves.losses_of_many([rows] * 500)) < 1_500_000


def test_a_long_clip_has_curves_without_dots() -> None:
    few, many = (curves.steadiness(steady(count)).count("<use") for count in (200, 400))
    assert few > 6 * 200 > many
