"""The page: what it shows of a job, and that nothing in a name can change it."""

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from pipeline import stylize_folder, write_report
from pipeline.jobs.planning import output_names
from pipeline.jobs.record import fingerprint
from pipeline.jobs.record.entries import Entry
from pipeline.jobs.record.journal import Journal
from pipeline.report import pictures
from tests.support import recorded_jobs
from tests.support.media import TINY, clip, picture

EVIL = '<script>alert("1")&amp;\'\n</script>.png'
"""A name that a file can have, but for its slash."""


class Page(HTMLParser):
    """What a browser finds in a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def written(output: str | Path, **options: Path) -> Page:
    return Page(write_report(output, **options))


def test_the_report_of_a_batch_says_what_is_done_failed_and_left() -> None:
    recorded_jobs.batch("out", ["a.png", "b.png"], failed={"c.png": "c.jpg: is damaged"}, left=["d.png"])
    page = written("out")
    assert re.search(r"done\s*2 of 4\s*failed\s*1\s*left\s*1\s*time of each\s*2\.5 s", page.text)
    assert re.search(r"Stopped: about 2 s left\.", page.text)
    assert re.search(r"c\.png\s*c\.jpg: is damaged", page.text)
    assert re.search(r"1 left\s*d\.png", page.text)
    assert len(page.all("input")) == 2
    assert re.search(r"b\.png\s*3\.0 s · 20 steps · loss 6", page.text)


def test_the_settings_and_weights_are_shown() -> None:
    page = written(recorded_jobs.batch("out", ["a.png"]))
    assert re.search(r"size\s*64", page.text)
    assert re.search(r"style layers\s*block1_conv1 = 0\.2,\nblock2_conv1 = 0\.2", page.text)
    assert re.search(r"weights\s*builtin \(built in\)\s*their fingerprint\s*abababababababab\s", page.text)
    assert "photos in the style of starry.jpg" in page.text
    pale = page.text[page.text.index("Settings") :]
    assert pale.index("size") < pale.index("Defaults are pale.")
    assert len(page.all("div")) - sum("default" in one.get("class", "") for one in page.all("div")) > 1


def test_names_cannot_change_the_page() -> None:
    evil, bytes_name = EVIL.replace("/", ""), os.fsdecode(b"\xff.png")
    recorded_jobs.batch(
        "out",
        [evil, bytes_name],
        failed={"x.png": "</dd><script>alert(2)</script>\x1b"},
        left=["<img src=x>"],
    )
    page = written("out")
    assert [one for one in page.all("script")] == [{}]  # the page's own
    assert [image["src"][:23] for image in page.all("img")] == ["data:image/jpeg;base64,"] * 5
    for name in (r'<script>alert("1")&amp;\'\n<script>.png'.replace("\\'", "'"), r"\xff.png", "<img src=x>"):
        assert name in page.text
    assert {image["alt"] for image in page.all("img")} >= {r"\xff.png, after", r"\xff.png, before"}
    links = [unquote_to_bytes(link["href"]) for link in page.all("a")]
    assert links == [b"./out/" + os.fsencode(evil), b"./out/\xff.png"]


def test_the_page_asks_for_nothing_but_the_clip(tmp_path: Path) -> None:
    recorded_jobs.batch("out", ["a.png"])
    page = written("out")
    sources = [
        value for _, attributes in page.elements for name, value in attributes.items() if name == "src"
    ]
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert [attributes for tag, attributes in page.elements if tag in ("link", "iframe", "base")] == []
    (policy,) = [one["content"] for one in page.all("meta") if "http-equiv" in one]
    assert policy.startswith("default-src 'none';")
    assert str(tmp_path) not in Path("out.report.html").read_text()  # no folder of the machine is named


@pytest.fixture
def styled_clip() -> Path:
    """A clip, a finished pastiche of it, and the job's journal."""
    clip("in.mp4", frames=6)
    output = clip("a#b 100%.mp4", frames=6)
    entries = [Entry(f"{n:06}.png", "done", loss=9.0 + n, seconds=n / 2, steps=5) for n in range(1, 7)]
    source = str(Path("in.mp4").absolute())
    return recorded_jobs.begin(
        output, entries, kind="video", source=source, total=6, finished=True, shots=(0,), styles=()
    )


def test_a_clip_is_linked_and_its_frames_are_embedded(styled_clip: Path) -> None:
    page = written(styled_clip)
    (video,) = page.all("video")
    assert video["src"] == "./a%23b%20100%25.mp4"
    assert page.all("a")[0]["href"] == video["src"]
    assert len(page.all("li")) == 6
    assert len(page.all("img")) == 2 * 6 + 2
    assert re.search(r"Time of each frame", page.text)
    assert "Steadiness" in page.text
    assert "flicker (levels)" in page.text


def test_links_are_relative_to_a_report_in_another_folder(styled_clip: Path) -> None:
    Path("sent/on").mkdir(parents=True)
    page = written(styled_clip, path=Path("sent/on/page.html"))
    assert page.all("video")[0]["src"] == "./../../a%23b%20100%25.mp4"


def test_a_clip_whose_source_is_gone_has_its_own_frames(styled_clip: Path) -> None:
    Path("in.mp4").unlink()
    page = written(styled_clip)
    assert len(page.all("img")) == 6 + 1
    assert page.all("input") == []
    assert "Steadiness" not in page.text


def test_another_clip_in_the_place_of_the_source_is_neither_shown_nor_measured(styled_clip: Path) -> None:
    with Journal(output_names.job_folder(styled_clip)) as journal:
        journal.update(parts={"settings": {}, "input": fingerprint.of_file(Path("in.mp4"))})
    page = written(styled_clip)
    assert (len(page.all("img")), "Steadiness" in page.text) == (2 * 6 + 2, True)
    clip("in.mp4", frames=8)
    page = written(styled_clip)
    assert (len(page.all("img")), "Steadiness" in page.text) == (6 + 1, False)


def test_a_clip_that_was_stopped_has_the_frames_that_are_done() -> None:
    clip("in.mp4", frames=6)
    entries = [Entry(f"{number:06}.png", "done", seconds=1.0) for number in (1, 2, 3)]
    recorded_jobs.begin(
        Path("out.mp4"), entries, kind="video", source=str(Path("in.mp4").absolute()), total=6
    )
    for number in (1, 2):  # the third is missing
        picture(f".out.mp4.nstpipe/frames/{number:06}.png", number)
    page = written("out.mp4")
    assert page.all("video") == []
    assert len(page.all("li")) == 3
    assert len(page.all("img")) == 3 + 2 + 2  # of the source, of the pastiche, in the large pair
    assert "Stopped: about 3 s left." in page.text
    assert re.search(r"done\s*3 of 6", page.text)


def test_pictures_that_are_gone_are_said_to_be() -> None:
    recorded_jobs.batch("out", ["a.png", "b.png", "c.png"])
    for gone in ("photos/a.jpg", "out/b.png", "photos/c.jpg", "out/c.png", "starry.jpg"):
        Path(gone).unlink()
    page = written("out")
    assert page.text.count("The picture before is gone or was changed since.") == 1
    assert page.text.count("The result is gone; this is the picture before.") == 1
    assert page.text.count("Both pictures are gone or were changed since.") == 1
    assert (len(page.all("img")), page.all("input")) == (2, [])


def test_another_picture_in_the_place_of_a_content_or_style_is_not_shown() -> None:
    style = picture("one.jpg", 9)
    picture("photos/a.png", 1)
    stylize_folder("photos", [style], "out", **TINY)
    assert len(written("out").all("img")) == 3
    picture("photos/a.png", 2)
    assert len(written("out").all("img")) == 2
    picture("one.jpg", 3)
    page = written("out")
    assert [image["alt"] for image in page.all("img")] == ["a_one.png"]
    assert "photos in the style of one.jpg" in page.text


def test_of_very_many_pictures_the_last_are_listed_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_ITEMS", 2)
    page = written(recorded_jobs.batch("out", [f"{name}.png" for name in "abcd"]))
    assert len(page.all("input")) == 2
    text = " ".join(page.text.split())
    assert text[text.index("2 more") :].startswith(
        "2 more pictures, without thumbnails c.png 4.0 s, 20 steps, loss 7 d.png 2.0 s, 20 steps, loss 8"
    )


def test_a_sequence_has_its_frames_and_no_clip() -> None:
    for number in (3, 4, 5):
        picture(f"in/{number:02}.png", number)
        picture(f"out/s{number:02}.png", 10 + number)
    entries = [Entry(f"{number:06}.png", "done", seconds=1.0) for number in (1, 2, 3)]
    output = recorded_jobs.begin(
        Path("out/s%02d.png"),
        entries,
        kind="video",
        source=str(Path("in/%02d.png").absolute()),
        total=3,
        finished=True,
    )
    page = written(output)
    assert Path("out/s%02d.png.report.html").exists()
    assert (len(page.all("li")), len(page.all("img"))) == (3, 2 * 3 + 2)
    assert page.all("video") == page.all("a") == []
    assert "Steadiness" in page.text


def test_snapshots_and_losses_are_shown_where_there_are_any() -> None:
    recorded_jobs.batch("out", ["a.png", "b.png"], began_at=1000.0)
    assert "Along the way" not in written("out").text
    for step in range(1, 30):
        recorded_jobs.snapshot(Path(f"out/a_snapshots/step_{step:06}.png"), 1001.0)
    recorded_jobs.with_losses(Path("out"), "a.png", [8, 4, 2])
    page = written("out")
    assert page.text.count("Along the way") == 1
    shown = [image["alt"] for image in page.all("img") if image["alt"].startswith("step")]
    assert shown == ["step 1", "step 8", "step 15", "step 22", "step 29"]
    assert "Loss of each picture" in page.text


@pytest.mark.parametrize(
    ("finished", "failed", "says"), [(True, {}, "Finished."), (True, {"x.png": "bad"}, "Finished; 1 failed.")]
)
def test_a_finished_job_says_so(finished: bool, failed: dict[str, str], says: str) -> None:
    assert says in written(recorded_jobs.batch("out", ["a.png"], failed=failed, finished=finished)).text


def test_a_job_without_an_item_has_a_report() -> None:
    page = written(recorded_jobs.batch("out", [], left=["a.png"], total=0))
    assert "Stopped." in page.text
    assert re.search(r"1 left\s*a\.png", page.text)
