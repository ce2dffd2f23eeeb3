"""Where the report lies, what it may replace, and when it is written."""

import importlib.util
from pathlib import Path

import pytest
from PIL import Image

from pipeline import Rules, stylize_folder, stylize_image, write_report
from pipeline.errors import InputError, NstpipeError, OutputError, SettingsError, StoppedError
from pipeline.jobs.record.journal import Journal
from pipeline.report import writing
from tests.support import recorded_jobs
from tests.support.media import TINY, picture
from tests.support.observers import StopsAt
from tests.support.pictures import noise

REPORT = Path("out.report.html")


class Lines(list):
    """What is said and warned of at the end of a job."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []

    def at_the_end(self, output: str, force: bool = False):
        return writing.at_the_end(Path(output), force=force, say=self.append, warn=self.warnings.append)


def test_it_lies_beside_the_output_under_a_name_of_its_own() -> None:
    assert writing.place_of(Path("a/photo_starry.png")) == Path("a/photo_starry.png.report.html")
    assert writing.place_of(Path("a/photo_starry.mp4")) == Path("a/photo_starry.mp4.report.html")
    assert writing.place_of(Path("photos_starry/")) == Path("photos_starry.report.html")
    Path("inside").mkdir()
    assert writing.place_of(Path("inside/..")) == Path.cwd().with_name(f"{Path.cwd().name}.report.html")


def test_it_is_replaced_as_long_as_no_one_changes_it() -> None:
    recorded_jobs.batch("out", ["a.png"])
    assert write_report("out") == REPORT
    first = REPORT.read_bytes()
    Path("out/a.png").unlink()
    assert write_report("out") == REPORT
    second = REPORT.read_bytes()
    assert second != first
    for changed in (second.replace(b"Finished", b"Done"), second[:-1], b"", b"<!doctype html>\n"):
        REPORT.write_bytes(changed)
        with pytest.raises(OutputError, match=r"out\.report\.html: is not a report .*--force") as caught:
            write_report("out")
        assert "\n" not in str(caught.value)
        assert REPORT.read_bytes() == changed
    assert write_report("out", force=True).read_bytes() == second


def test_the_report_of_a_job_that_an_earlier_version_ran_last_has_no_style() -> None:
    """It knows the bytes of its styles, and not where they lie."""
    recorded_jobs.batch("out", ["a.png"], styles=None, contents=None)
    with Journal(Path(".out.nstpipe")) as journal:
        facts = journal.facts()
        assert facts is not None
        journal.update(parts={**facts.parts, "styles": [["ab" * 32]]})
    page = write_report("out").read_text()
    assert "a.png" in page and "Style</h2>" not in page


def test_neither_a_link_nor_a_folder_nor_an_input_is_replaced() -> None:
    recorded_jobs.batch("out", ["a.png"])
    write_report("out", "real.html")
    REPORT.symlink_to("real.html")
    with pytest.raises(OutputError, match="is not a report"):
        write_report("out")
    Path("folder.html").mkdir()
    for force in (False, True):
        with pytest.raises(OutputError, match=r"folder\.html"):
            write_report("out", "folder.html", force=force)
    Path("page.html").hardlink_to("photos/a.jpg")
    with pytest.raises(OutputError, match="one of the inputs"):
        write_report("out", "page.html", force=True)


@pytest.mark.parametrize(("output", "path"), [("none", None), ("out", "page.txt"), ("out", "none/page.html")])
def test_what_cannot_be_written_is_one_line_and_leaves_nothing(output: str, path: str | None) -> None:
    recorded_jobs.batch("out", ["a.png"])
    before = sorted(Path().rglob("*"))
    with pytest.raises((InputError, OutputError)) as caught:
        write_report(output, path)
    assert "\n" not in str(caught.value)
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize("missing", [["jinja2"], ["matplotlib"], ["jinja2", "matplotlib"]])
def test_without_its_libraries_it_says_what_to_install_before_any_work(
    missing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else find(name))
    with pytest.raises(SettingsError, match=f"`pip install {' '.join(missing)}`"), Lines().at_the_end("out"):
        pytest.fail("the job ran")


def test_a_foreign_file_in_its_place_is_seen_before_any_work() -> None:
    REPORT.write_text("mine")
    with pytest.raises(OutputError, match="--force"), Lines().at_the_end("out"):
        pytest.fail("the job ran")


def test_a_name_that_is_too_long_is_seen_before_any_work() -> None:
    """The job's folder may have 10 bytes more than the output, and the report has 12."""
    longest = f"{'é' * 119}.png"
    with pytest.raises(ZeroDivisionError), Lines().at_the_end(f"o{longest}"):  # the report has 255 bytes
        raise ZeroDivisionError
    with pytest.raises(OutputError, match="the name is 1 bytes too long"), Lines().at_the_end(f"oo{longest}"):
        pytest.fail("the job ran")


def test_it_is_written_at_the_end_of_a_job_that_finished_was_stopped_or_finished_before() -> None:
    style = picture("starry.jpg", 9)
    for number in range(3):
        picture(f"photos/{number}.png", number)
    lines = Lines()
    with pytest.raises(StoppedError), lines.at_the_end("out"):
        stylize_folder("photos", [style], "out", observer=StopsAt(1), **TINY)
    stopped = REPORT.read_text()
    assert "Stopped: about" in stopped
    assert stopped.count('type="range"') == 1
    for stylized in (2, 0):
        with lines.at_the_end("out"):
            assert stylize_folder("photos", [style], "out", **TINY).stylized == stylized
        assert "Finished." in REPORT.read_text()
        assert REPORT.read_text().count('type="range"') == 3
    assert (lines, lines.warnings) == (["report: out.report.html"] * 3, [])


def test_a_job_of_which_nothing_is_left_has_no_report_and_its_error_counts() -> None:
    Path("photo.jpg").write_text("no picture")
    lines = Lines()
    with pytest.raises(InputError, match="is not a picture"), lines.at_the_end("out.png"):
        stylize_image("photo.jpg", [picture("starry.jpg", 9)], "out.png", **TINY)
    assert (lines, lines.warnings, list(Path().glob("*.html"))) == ([], [], [])


def test_the_error_of_a_job_counts_before_that_of_its_report(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded_jobs.batch("out", ["a.png"])
    lines = Lines()
    with pytest.raises(NstpipeError, match="of the job"), lines.at_the_end("out"):
        REPORT.write_text("someone wrote this meanwhile")
        raise NstpipeError("of the job")
    assert lines == []
    (warning,) = lines.warnings
    assert warning.startswith("no report was written: out.report.html: is not a report")


def test_an_error_of_our_own_code_is_not_hidden() -> None:
    recorded_jobs.batch("out", ["a.png"])
    with pytest.raises(ZeroDivisionError), Lines().at_the_end("out"):
        raise ZeroDivisionError


def test_with_force_a_job_replaces_what_is_in_the_place_of_its_report() -> None:
    style = picture("starry.jpg", 9)
    Path("out.png.report.html").write_text("mine")
    with Lines().at_the_end("out.png", force=True):
        stylize_image(picture("photo.jpg", 1), [style], "out.png", rules=Rules(force=True), **TINY)
    assert "Finished." in Path("out.png.report.html").read_text()


@pytest.mark.parametrize(
    ("count", "size"), [(500, (24, 32)), pytest.param(500, (240, 320), marks=pytest.mark.slow)]
)
def test_the_report_of_500_pictures_is_below_20_mb(count: int, size: tuple[int, int]) -> None:
    """Pictures of noise are the worst case; their pastiches are links to few files, to spare time."""
    names = [f"{'a long folder name/' * 4}{number:04}.png" for number in range(count)]
    output = recorded_jobs.batch("out", names, prepared=Image.fromarray(noise(*size)))
    for name in names[:: count // 5]:
        recorded_jobs.with_losses(output, name, [8, 4, 2] * 100)
    report = write_report(output)
    text = report.read_text()
    assert text.count('type="range"') == count
    assert report.stat().st_size < 20e6
    assert (report.stat().st_size > 8e6) == (size == (240, 320))  # the pictures are in it
