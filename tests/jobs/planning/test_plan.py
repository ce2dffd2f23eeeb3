"""The plan: default names, mirrored trees, collisions, and outputs that are refused."""

import os
from pathlib import Path

import pytest

from pipeline.errors import InputError, OutputError
from pipeline.jobs.planning import output_names, planner


def touch(*names: str) -> list[Path]:
    paths = [Path(name) for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"any")
    return paths


def test_default_names() -> None:
    photo, clip, starry, scream = touch("photo.jpg", "in.mp4", "starry.jpg", "scream.png")
    assert planner.of_image(photo, [starry]).output == Path("photo_starry.png")
    assert planner.of_image(photo, [starry, scream]).output == Path("photo_starry+scream.png")
    assert planner.of_video(clip, [starry]).output == Path("in_starry.mp4")
    assert planner.of_video(clip, [starry]).folder == Path(".in_starry.mp4.nstpipe")


def test_an_output_that_is_a_folder_takes_the_default_name() -> None:
    photo, clip, starry, _ = touch("photo.jpg", "in.mp4", "starry.jpg", "out/x")
    assert planner.of_image(photo, [starry], Path("out")).output == Path("out/photo_starry.png")
    assert planner.of_video(clip, [starry], Path("out")).output == Path("out/in_starry.mp4")


def test_frames_are_numbered_from_one() -> None:
    clip, starry = touch("in.mp4", "starry.jpg")
    first, *_, last = planner.of_video(clip, [starry]).frame_items(12)
    assert first.output == Path(".in_starry.mp4.nstpipe/frames/000001.png")
    assert last.name == "000012.png"


def test_a_folder_is_mirrored_for_every_style() -> None:
    touch("photos/a.jpg", "photos/sub/b.png", "photos/notes.txt")
    starry, scream = touch("starry.jpg", "scream.jpg")
    plan = planner.of_folder(Path("photos"), [starry, scream])
    assert [(item.output.as_posix(), item.style_set) for item in plan.items] == [
        ("photos_starry+scream/a_starry.png", 0),
        ("photos_starry+scream/sub/b_starry.png", 0),
        ("photos_starry+scream/a_scream.png", 1),
        ("photos_starry+scream/sub/b_scream.png", 1),
    ]


def test_blended_styles_make_one_pastiche() -> None:
    touch("photos/a.jpg")
    styles = touch("starry.jpg", "scream.jpg")
    plan = planner.of_folder(Path("photos"), styles, blend=True, suffix=".jpg")
    assert [item.name for item in plan.items] == ["a_starry+scream.jpg"]
    assert plan.style_sets == (tuple(styles),)


def test_pictures_with_one_stem_keep_their_extensions() -> None:
    touch("photos/a.jpg", "photos/a.png", "photos/A.gif", "photos/b.jpg")
    plan = planner.of_folder(Path("photos"), touch("s.jpg"))
    assert sorted(item.name for item in plan.items) == [
        "A_gif_s.png",
        "a_jpg_s.png",
        "a_png_s.png",
        "b_s.png",
    ]


def test_two_styles_of_one_name_are_numbered() -> None:
    touch("photos/a.jpg")
    plan = planner.of_folder(Path("photos"), touch("one/starry.jpg", "two/starry.png"))
    assert [item.name for item in plan.items] == ["a_starry.png", "a_starry-2.png"]


def test_an_output_inside_the_input_is_not_walked() -> None:
    touch("photos/a.jpg", "photos/done/a_s.png")
    plan = planner.of_folder(Path("photos"), touch("s.jpg"), Path("photos/done"))
    assert [item.content.as_posix() for item in plan.items] == ["photos/a.jpg"]


@pytest.mark.parametrize("folder", [".", "photos/..", "photos/", "./photos"])
def test_any_way_to_write_a_folder(folder: str) -> None:
    touch("photos/a.jpg", "s.jpg")
    plan = planner.of_folder(Path(folder), [Path("s.jpg")])
    assert plan.output.name == f"{Path(folder).resolve().name}_s"
    assert plan.output.resolve().parent == Path(folder).resolve().parent


def test_include_and_exclude() -> None:
    touch("photos/a.jpg", "photos/b.jpg", "photos/sub/c.png")
    plan = planner.of_folder(Path("photos"), touch("s.jpg"), include=["*.jpg"], exclude=["b*"])
    assert [item.name for item in plan.items] == ["a_s.png"]


@pytest.mark.parametrize("name", ["with space.jpg", "new\nline.jpg", "größe.jpg", "-dash.jpg", "a'b\"c.jpg"])
def test_names_of_any_kind(name: str) -> None:
    touch(f"photos/{name}")
    (item,) = planner.of_folder(Path("photos"), touch("s.jpg")).items
    assert item.name == f"{Path(name).stem}_s.png"


def test_invalid_inputs_and_outputs_are_refused_in_one_line() -> None:
    photo, starry, _ = touch("photo.jpg", "starry.jpg", "folder/x.jpg")
    cases = [
        (InputError, "no.jpg: no such file", lambda: planner.of_image(Path("no.jpg"), [starry])),
        (InputError, "no.jpg: no such file", lambda: planner.of_image(photo, [Path("no.jpg")])),
        (InputError, "folder: is a folder", lambda: planner.of_image(Path("folder"), [starry])),
        (InputError, "folder: is a folder", lambda: planner.of_video(photo, [Path("folder")])),
        (OutputError, "is one of the inputs", lambda: planner.of_image(photo, [starry], photo)),
        (OutputError, "is one of the inputs", lambda: planner.of_image(photo, [starry], starry)),
        (OutputError, "out.xyz", lambda: planner.of_image(photo, [starry], Path("out.xyz"))),
        (OutputError, "out.webm", lambda: planner.of_video(photo, [starry], Path("out.webm"))),
        (
            OutputError,
            "input folder itself",
            lambda: planner.of_folder(Path("folder"), [starry], Path("folder")),
        ),
        (OutputError, "is a file", lambda: planner.of_folder(Path("folder"), [starry], photo)),
        (
            InputError,
            "holds no picture to stylise",
            lambda: planner.of_folder(Path("folder"), [starry], include=["*.gif"]),
        ),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_pictures_that_jobs_made_are_left_out() -> None:
    touch("photos/a.jpg", "photos/a_s.png", "photos/out/b_s.png", "photos/sub/c.jpg")
    for output in ("photos/a_s.png", "photos/out"):
        output_names.job_folder(Path(output)).mkdir()
    items = planner.of_folder(Path("photos"), touch("s.jpg")).items
    assert [item.content.as_posix() for item in items] == ["photos/a.jpg", "photos/sub/c.jpg"]


def test_an_output_without_a_name_of_its_own() -> None:
    touch("photos/a.jpg")
    plan = planner.of_folder(Path("photos"), touch("s.jpg"), Path("."))
    assert plan.output == Path().resolve()
    with pytest.raises(OutputError, match="/: cannot be an output"):
        planner.of_folder(Path("photos"), touch("s.jpg"), Path("/"))
    with pytest.raises(OutputError, match="/: cannot be an output"):
        planner.of_folder(Path("/"), touch("s.jpg"))


@pytest.mark.parametrize("output", [".", "..", "out/.."])
def test_a_folder_without_a_name_takes_the_default_name(output: str) -> None:
    photo, clip, starry, _ = touch("photo.jpg", "in.mp4", "starry.jpg", "out/x")
    assert planner.of_image(photo, [starry], Path(output)).output == Path(output, "photo_starry.png")
    assert planner.of_video(clip, [starry], Path(output)).folder == Path(output, ".in_starry.mp4.nstpipe")


def test_names_that_are_too_long_are_refused_in_one_line() -> None:
    photo, clip, starry, _ = touch("photo.jpg", "in.mp4", "starry.jpg", "photos/a.jpg")
    calls = [
        lambda: planner.of_image(photo, [starry], Path("x" * 300 + ".png")),
        lambda: planner.of_video(clip, [starry], Path("x" * 243 + ".mp4")),
        lambda: planner.of_folder(Path("photos"), [starry], Path("ö" * 124)),
    ]
    for call in calls:
        with pytest.raises(OutputError, match=r"bytes too long; name a shorter one with -o$"):
            call()
    with pytest.raises(InputError, match="no such file"):
        planner.of_image(Path("x" * 300 + ".jpg"), [starry])


def test_a_picture_of_a_long_name_does_not_stop_the_others() -> None:
    touch("photos/a.jpg", "photos/" + "y" * 246 + ".jpg")
    plan = planner.of_folder(Path("photos"), touch("s.jpg"))
    assert [len(item.name) for item in plan.items] == [len("a_s.png"), 246 + len("_s.png")]


def test_many_styles_make_a_short_default_name() -> None:
    styles = touch(*(f"a style with number {number}.jpg" for number in range(20)))
    photo, clip, _ = touch("photo.jpg", "in.mp4", "photos/a.jpg")
    assert planner.of_image(photo, styles).output == Path("photo_a style with number 0+19-more.png")
    assert planner.of_video(clip, styles).output == Path("in_a style with number 0+19-more.mp4")
    assert planner.of_folder(Path("photos"), styles).output == Path("photos_a style with number 0+19-more")


def test_a_link_that_leads_to_itself() -> None:
    touch("photos/a.jpg")
    Path("loop").symlink_to("loop")
    with pytest.raises(OutputError, match="loop: is a file"):
        planner.of_folder(Path("photos"), touch("s.jpg"), Path("loop"))
    with pytest.raises(InputError, match="no such folder"):
        planner.of_folder(Path("loop"), touch("s.jpg"))


def test_a_pipe_is_refused_at_once() -> None:
    os.mkfifo("pipe.jpg")
    with pytest.raises(InputError, match="pipe.jpg: is not a file"):
        planner.of_image(Path("pipe.jpg"), touch("s.jpg"))
