"""What the user is told about files that are read in spite of something."""

from pathlib import Path

import pytest
from PIL import Image

from pipeline import stylize_folder, stylize_image, stylize_video
from pipeline.errors import OutputError
from pipeline.jobs.record.journal import Journal
from pipeline.pictures import images
from pipeline.video import clip as clips
from tests.support.clips import write_clip
from tests.support.media import TINY, clip, picture, scene
from tests.support.observers import RecordingObserver, StopsAt
from tests.support.pictures import camera_exif


def without_its_end(path: str, seed: int = 1, lacking: int = 2) -> Path:
    whole = picture(path, seed).read_bytes()
    Path(path).write_bytes(whole[:-lacking])
    return Path(path)


def test_a_batch_says_once_which_picture_lacks_its_end_and_makes_it() -> None:
    without_its_end("photos/a.jpg", 1)
    picture("photos/b.jpg", 2)
    without_its_end("photos/c.jpg", 3, lacking=500)
    styles = [picture("s.jpg", 4), picture("t.jpg", 5)]
    observer = RecordingObserver()
    outcome = stylize_folder("photos", styles, observer=observer, **TINY)
    assert (outcome.done, [entry.name for entry in outcome.failed]) == (4, ["c_s.png", "c_t.png"])
    assert observer.warnings == ["photos/a.jpg: lacks its end marker; every pixel is there"]
    assert observer.warnings[0] in next(Path().glob(".*.nstpipe/log.txt")).read_text()


def test_a_style_that_lacks_its_end_is_used_and_told_for_pictures_and_clips() -> None:
    style, content = without_its_end("s.jpg"), picture("photo.jpg", 2)
    desired = ["s.jpg: lacks its end marker; every pixel is there"]
    observer = RecordingObserver()
    stylize_image(content, [style], observer=observer, **TINY)
    assert observer.warnings == desired
    observer = RecordingObserver()
    stylize_video(clip("in.mp4", frames=2), [style], observer=observer, **TINY)
    assert observer.warnings == desired


def test_a_long_picture_and_a_long_style_are_used_and_the_size_is_told() -> None:
    """200x20 pixels at size 32 would be 32x3, of which the network's poolings leave nothing."""
    content, style = picture("photo.png", 1, 20, 200), picture("s.png", 2, 200, 20)
    observer = RecordingObserver()
    outcome = stylize_image(content, [style], observer=observer, **TINY)
    assert images.read_size(outcome.output) == (16, 155)
    assert observer.warnings == [
        "photo.png: is made at 155x16 pixels, since at --size 32 its shorter side would have fewer than 16; "
        "use a larger --size for more"
    ]


def test_a_long_clip_is_made_and_its_size_is_told() -> None:
    source = write_clip(Path("in.mp4"), size=(20, 200), frames=3, sounds=[])
    observer = RecordingObserver()
    outcome = stylize_video(source, [picture("s.png", 2)], observer=observer, **TINY)
    assert clips.guess(outcome.output).size == (16, 156)  # even, for the encoder
    assert [warning[:33] for warning in observer.warnings] == ["in.mp4: is made at 155x16 pixels,"]


def test_a_note_about_a_clip_is_in_the_log_too() -> None:
    source = write_clip(Path("in.mkv"), frames=6, sounds=[])
    source.write_bytes(source.read_bytes()[: source.stat().st_size * 3 // 4])
    observer = RecordingObserver()
    stylize_video(source, [picture("s.png", 2)], observer=observer, **TINY)
    assert [warning for warning in observer.warnings if "damaged or cut short" in warning]
    (log,) = Path().glob(".*.nstpipe/log.txt")
    assert all(warning in log.read_text() for warning in observer.warnings)


def test_a_pastiche_too_large_for_its_format_is_refused_before_it_is_made() -> None:
    Image.new("L", (20000, 16)).save("photo.png")
    with pytest.raises(OutputError, match="WEBP holds at most 16383 pixels a side, not 19375; write a .png"):
        stylize_image("photo.png", [picture("s.png", 2)], "out.webp", observer=StopsAt(0), **TINY)


def test_a_pastiche_keeps_date_and_place_and_is_adopted_or_made_again_to_the_same_bytes() -> None:
    Path("photos").mkdir()
    Image.open(picture("plain.png", 1)).convert("RGB").save(
        "photos/a.jpg", exif=camera_exif(), dpi=(300, 300)
    )
    style = picture("s.png", 2)
    output = stylize_folder("photos", style, "out", **TINY).output / "a_s.png"
    made = output.read_bytes()
    with Image.open(output) as image:
        kept = image.getexif()
    assert (kept[0x010F], kept[0x0112]) == ("Maker", 1)
    assert kept.get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05" and kept.get_ifd(0x8825)[1] == "S"
    with Journal(Path(".out.nstpipe")) as journal:
        journal.forget("a_s.png")
    assert stylize_folder("photos", style, "out", **TINY).stylized == 0  # adopted
    output.unlink()
    assert stylize_folder("photos", style, "out", **TINY).stylized == 1
    assert output.read_bytes() == made


def test_a_batch_tells_what_it_leaves_out_what_is_lost_and_what_moves_once_each() -> None:
    for name in ("a", "b"):
        picture(f"photos/{name}.png", 1)
        Image.open(f"photos/{name}.png").convert("RGBA").rotate(9).save(f"photos/{name}.png")
    frames = [Image.fromarray(scene(number)) for number in range(2)]
    frames[0].save("photos/c.gif", save_all=True, append_images=frames[1:])
    Path("photos/d.cr2").touch()
    observer = RecordingObserver()
    outcome = stylize_folder("photos", picture("s.png", 2), suffix=".jpg", observer=observer, **TINY)
    assert outcome.done == 3 and not outcome.failed
    assert observer.warnings == [
        "photos: left out: 1 .cr2: nstpipe does not read these; convert them to PNG or JPEG first",
        ".jpg files cannot hold transparency: it is lost; write .png to keep it",
        "photos/c.gif: is an animation of 2 frames; its first is taken; nstpipe video takes clips",
    ]
