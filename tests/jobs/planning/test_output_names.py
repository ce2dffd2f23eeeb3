"""Names of outputs: unique for any inputs, and without a number where that is possible."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import OutputError
from pipeline.jobs.planning import output_names

PARTS = st.text("abAB_-2", min_size=1, max_size=4)
PICTURES = st.lists(
    st.builds(lambda folder, stem, ending: Path(folder, stem + ending), st.sampled_from(["", "s"]), PARTS,
              st.sampled_from([".jpg", ".png", ".JPG"])),
    min_size=1, max_size=8, unique=True,
)  # fmt: skip
LABELS = st.lists(PARTS, min_size=1, max_size=4)


@given(PICTURES, LABELS)
def test_no_two_pastiches_share_a_name(pictures: list[Path], labels: list[str]) -> None:
    labels = output_names.distinct(labels)
    names = output_names.of_pastiches(pictures, labels, ".png")
    assert len({name.as_posix().casefold() for name in names}) == len(pictures) * len(labels)
    assert names == output_names.of_pastiches(pictures, labels, ".png")
    assert [name.parent for name in names] == len(labels) * [picture.parent for picture in pictures]


@given(PICTURES, LABELS)
def test_a_picture_whose_plain_name_is_unique_has_it(pictures: list[Path], labels: list[str]) -> None:
    labels = output_names.distinct(labels)
    plain = [picture.with_name(f"{picture.stem}_{label}.png") for label in labels for picture in pictures]
    folded = [name.as_posix().casefold() for name in plain]
    actual = output_names.of_pastiches(pictures, labels, ".png")
    for name, desired in zip(actual, plain, strict=True):
        assert name == desired or folded.count(desired.as_posix().casefold()) > 1


@given(LABELS)
def test_a_name_that_occurs_once_is_kept(names: list[str]) -> None:
    actual = output_names.distinct(names)
    folded = [name.casefold() for name in names]
    assert len({name.casefold() for name in actual}) == len(names)
    for before, after in zip(names, actual, strict=True):
        assert after == before or folded.count(before.casefold()) > 1


@pytest.mark.parametrize(
    ("pictures", "labels", "desired"),
    [
        (["a.jpg"], ["s"], ["a_s"]),
        (["a.jpg", "a.png", "a_jpg.png"], ["s"], ["a_jpg_s-2", "a_png_s", "a_jpg_s"]),
        (["\u00e9.jpg", "e\u0301.jpg"], ["s"], ["\u00e9_jpg_s", "e\u0301_jpg_s-2"]),
        (["\u00e9.jpg", "E\u0301.png"], ["s"], ["\u00e9_jpg_s", "E\u0301_png_s"]),
        (["a.jpg", "a_b.jpg"], ["b_c", "c"], ["a_b_c", "a_b_b_c", "a_c", "a_b_c-2"]),
    ],
)
def test_collisions_are_numbered(pictures: list[str], labels: list[str], desired: list[str]) -> None:
    actual = output_names.of_pastiches([Path(name) for name in pictures], labels, ".png")
    assert [name.stem for name in actual] == desired


def test_styles_that_look_numbered_keep_their_names() -> None:
    assert output_names.distinct(["starry", "starry", "starry-2"]) == ["starry", "starry-3", "starry-2"]


def test_a_jobs_folder_and_its_output_lead_to_each_other() -> None:
    output = Path("out/in_starry.mp4")
    assert output_names.job_folder(output) == Path("out/.in_starry.mp4.nstpipe")
    assert output_names.output_of(output_names.job_folder(output)) == output


def test_names_that_no_file_system_takes_are_refused() -> None:
    assert output_names.check_length(Path("x" * 246)) == Path("x" * 246)
    with pytest.raises(OutputError, match="the name is 1 bytes too long"):
        output_names.check_length(Path("x" * 247))
    with pytest.raises(OutputError, match="cannot be an output"):
        output_names.check_length(Path("/"))


def test_many_styles_are_counted() -> None:
    styles = [Path(f"style number {number}.jpg") for number in range(30)]
    assert output_names.joined(styles) == "style number 0+29-more"
    assert output_names.joined(styles[:2]) == "style number 0+style number 1"


def test_a_long_stem_leaves_less_room_for_styles() -> None:
    styles = [Path(20 * letter + ".jpg") for letter in "abc"]  # 62 bytes when joined
    assert output_names.of_output("x" * 179, styles, ".png").endswith("c.png")
    actual = output_names.of_output("x" * 180, styles, ".png")
    assert actual == "x" * 180 + "_" + "a" * 20 + "+2-more.png"
    assert output_names.check_length(Path(actual)) == Path(actual)


def test_a_folder_without_a_name_gets_the_resolved_one() -> None:
    assert output_names.named(Path()) == Path().resolve()
    assert output_names.named(Path("a/..")) == Path().resolve()
    assert output_names.named(Path("a/b")) == Path("a/b")
