"""The report in a real browser, Debian's Chromium: no error, no request, and sliders by mouse and by key."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline import write_report
from pipeline.jobs.record.entries import Entry
from tests.support import recorded_jobs
from tests.support.media import clip
from tests.support.pictures import BLUE, RED

playwright = pytest.importorskip(
    "playwright.sync_api",
    reason="drives Chromium: `pip install playwright` (no browser of its own is needed)",
)
CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no `chromium`: `apt-get install chromium`"),
]

WINDOWS = {"desktop": (1200, 850), "phone": (390, 844)}


class Opened:
    """A page, what it said on the console, and what it asked for."""

    def __init__(self, page: Any, path: Path) -> None:
        self.page, self.errors, self.requests = page, [], []
        page.on("console", lambda message: self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.absolute().as_uri())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Any]:
    contexts = []

    def opening(path: Path, window: str = "desktop", scheme: str = "light") -> Opened:
        width, height = WINDOWS[window]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
        )
        contexts.append(context)
        return Opened(context.new_page(), path)

    yield opening
    for context in contexts:
        context.close()


def handle_place(pair: Any) -> float:
    """Where the handle stands: its centre, in percent of the pair's width."""
    handle, box = pair.locator(".handle").bounding_box(), pair.bounding_box()
    return 100 * (handle["x"] + handle["width"] / 2 - box["x"]) / box["width"]


def share_of_red(pair: Any) -> float:
    """How much of a pair is red, in percent of its width, in a row of its pixels near the top."""
    pixels = np.asarray(Image.open(io.BytesIO(pair.screenshot())).convert("RGB"))
    red = (pixels[8, :, 0] > 200) & (pixels[8, :, 2] < 60)
    return 100 * float(red.mean())


@pytest.mark.parametrize("window", WINDOWS)
def test_the_slider_moves_by_mouse_and_by_key(opened, window: str) -> None:
    recorded_jobs.batch("out", ["<b>'a\".png", "b.png"])
    for folder, colour in (("photos", RED), ("out", BLUE)):
        for path in Path(folder).iterdir():
            path.unlink()  # a link to a scene
            Image.new("RGB", (96, 64), colour).save(path)
    page = opened(write_report("out"), window)
    first, second = page.page.locator(".pair").all()
    assert handle_place(first) == pytest.approx(50, abs=1)
    box = first.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 30, steps=4)
    assert handle_place(first) == pytest.approx(80, abs=1)
    page.page.mouse.up()
    page.page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 30)
    assert handle_place(first) == pytest.approx(80, abs=1)
    page.page.keyboard.press("ArrowLeft")  # a slider that was dragged has the focus
    assert handle_place(first) == pytest.approx(79, abs=1)
    page.page.keyboard.press("Tab")  # its link
    page.page.keyboard.press("Tab")
    for key, place in (("ArrowRight", 51), ("Home", 0), ("End", 100), ("PageDown", 90)):
        page.page.keyboard.press(key)
        assert handle_place(second) == pytest.approx(place, abs=1)
        assert share_of_red(second) == pytest.approx(place, abs=1)
    assert handle_place(first) == pytest.approx(79, abs=1)
    assert page.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS)
def test_a_page_fits_its_window_and_asks_for_nothing(opened, window: str, scheme: str) -> None:
    long = "a_name_without_a_space_" * 8
    recorded_jobs.batch("out", [f"{long}.png", "b.png"], failed={f"{long}2.png": "x" * 300}, left=["c.png"])
    recorded_jobs.with_losses(Path("out"), "b.png", [8, 4, 2])
    path = write_report("out")
    page = opened(path, window, scheme)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= WINDOWS[window][0]
    assert page.page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert [url for url in page.requests if not url.startswith("data:")] == [path.absolute().as_uri()]
    assert page.errors == []
    paper, ink = (
        page.page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color")
    )
    light = [sum(map(int, colour[4:-1].split(","))) > 384 for colour in (paper, ink)]
    assert light == [scheme == "light", scheme == "dark"]
    axis = page.page.locator("figure svg text").first.evaluate("text => getComputedStyle(text).fill")
    assert axis == ink


def test_a_clip_plays_beside_the_page_and_is_said_to_be_missing_elsewhere(opened, tmp_path: Path) -> None:
    clip("in.mp4", frames=6)
    entries = [Entry(f"{number:06}.png", "done", seconds=1.0) for number in range(1, 7)]
    source = str(Path("in.mp4").absolute())
    output = recorded_jobs.begin(
        clip("a#b 100%.mp4", frames=6), entries, kind="video", source=source, total=6, finished=True
    )
    report = write_report(output)
    page = opened(report)
    page.page.wait_for_function("document.querySelector('video').readyState > 0")
    assert page.page.evaluate("document.querySelector('video').videoWidth") == 48
    assert page.page.locator(".missing").is_hidden()
    assert page.errors == []
    check_the_filmstrip(page)
    Path("elsewhere").mkdir()
    page = opened(Path(shutil.copy(report, "elsewhere")))
    page.page.wait_for_function("!document.querySelector('.missing').hidden")
    assert page.page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")


def check_the_filmstrip(page: Opened) -> None:
    """A frame that is chosen, by key or mouse, is shown large."""
    large, buttons = page.page.locator("#frame .pair"), page.page.locator(".film button")
    shown = large.locator("img").evaluate_all("images => images.map(image => image.src)")
    page.page.locator(".pair input").focus()
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Enter")  # the first frame
    assert page.page.locator("#number").inner_text() == "1"
    buttons.nth(5).click()
    assert page.page.locator("#number").inner_text() == "6"
    assert [one.get_attribute("aria-pressed") for one in buttons.all()] == ["false"] * 5 + ["true"]
    after, before = large.locator("img").evaluate_all("images => images.map(image => image.src)")
    assert [before, after] == buttons.nth(5).locator("img").evaluate_all("images => images.map(i => i.src)")
    assert {before, after}.isdisjoint(shown)
    assert page.errors == []


def test_a_page_of_500_pictures_opens_at_once(opened) -> None:
    recorded_jobs.batch("out", [f"{number:04}.png" for number in range(500)])
    page = opened(write_report("out"))
    milliseconds = page.page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart")
    assert milliseconds < 5000  # some hundred on a machine that is not busy
    assert page.page.locator(".pair").count() == 500
    assert page.errors == []
