"""What the user is told about files that are read in spite of something."""

from pathlib import Path

from pipeline import stylize_folder, stylize_image, stylize_video
from tests.support.media import TINY, clip, picture
from tests.support.observers import RecordingObserver


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
