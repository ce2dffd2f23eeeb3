"""What of a clip's file its output keeps, and which line is written about the rest."""

import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition
from PIL import Image

from pipeline.video import clip as clips
from pipeline.video.writing import encoding, file_tags, lost_features, metadata_trial, sound, track_tags
from pipeline.video.writing.metadata import Chapter, Metadata
from pipeline.video.writing.metadata_trial import Timing
from tests.support.clips import Sound, seconds_of, split, through, write_clip
from tests.support.tagged_clips import chapter, jpeg, write_tagged

SUFFIXES = (".mp4", ".mov", ".mkv")
EVEREST = "+27.9881+086.9250+8848.860/"
DEFAULT = Disposition.default


def assembled(path, suffix, name=""):
    """Assemble the frames of a clip, unchanged; the output's path and the notes."""
    output = path.parent / f"{path.stem} as {suffix[1:]}{name}{suffix}"
    clip = clips.probe(path)
    mux_plan = sound.try_mux(clip, output)
    encoding.assemble(split(path, path.parent / f"frames of {output.name}"), clip, output, mux_plan)
    return output, [note.removeprefix(f"{path}: ") for note in mux_plan.notes]


def read_tags(path):
    """The tags of a file, their names in lower case."""
    with av.open(str(path)) as container:
        return {name.lower(): tag for name, tag in container.metadata.items()}


def read_chapters(path):
    with av.open(str(path)) as container:
        return [
            (float(one["start"] * one["time_base"]), one["metadata"].get("title"))
            for one in container.chapters()
        ]


COMMON = {"title": "Hill & sea", "artist": "Zoë", "comment": "two\nlines", "date": "2019"}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_tags_are_kept(tmp_path, name, suffix):
    output, notes = assembled(write_tagged(tmp_path / name, COMMON), suffix)

    assert COMMON.items() <= read_tags(output).items()
    assert notes == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tags_of_any_name_are_kept(tmp_path, suffix):
    tags = {**COMMON, "com.apple.quicktime.make": "Apple", "my note": "7"}
    path = write_tagged(tmp_path / "a.mov", tags, movflags="+use_metadata_tags")

    output, notes = assembled(path, suffix)

    actual = read_tags(output)
    assert (actual["com.apple.quicktime.make"], actual["title"]) == ("Apple", "Hill & sea")
    assert actual["my_note" if suffix == ".mkv" else "my note"] == "7"
    assert notes == []


def test_an_mp4_keeps_common_tags_where_players_show_them(tmp_path):
    output, _ = assembled(write_tagged(tmp_path / "a.mkv", COMMON), ".mp4")

    data = output.read_bytes()
    assert b"\xa9nam" in data and b"mdta" not in data


def test_an_mp4_has_names_of_tags_in_lower_case(tmp_path):
    output, _ = assembled(write_tagged(tmp_path / "a.mkv", {**COMMON, "my note": "7"}), ".mp4")

    with av.open(str(output)) as container:
        assert container.metadata["artist"] == "Zoë" and container.metadata["my_note"] == "7"


def test_what_describes_the_source_file_is_not_copied(tmp_path):
    untrue = ["major_brand", "ENCODER", "DURATION", "BPS", "software", "material_package_umid"]
    tags = {name: "9" for name in untrue} | {"title": "T"}
    output, notes = assembled(write_tagged(tmp_path / "a.mkv", tags), ".mkv")

    actual = read_tags(output)
    assert actual["title"] == "T"
    assert "9" not in actual.values()
    assert notes == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_date_is_kept(tmp_path, suffix):
    path = write_tagged(tmp_path / "a.mov", {"creation_time": "2020-05-06T07:08:09Z"})

    output, _ = assembled(path, suffix)

    assert read_tags(output)["creation_time"][:19] == "2020-05-06T07:08:09"


@pytest.mark.parametrize(
    ("date", "desired"),
    [
        ("2020-05-06 07:08:09", "2020-05-06T07:08:09.000000Z"),
        ("2020-05-06T07:08:09.25+02:00", "2020-05-06T05:08:09.250000Z"),
        ("2020-05-06", "2020-05-06T00:00:00.000000Z"),
        ("now", ""),
        ("07:08:09", ""),
        ("0001-01-01T00:00:00+14:00", ""),
    ],
)
def test_a_date_depends_on_neither_the_clock_nor_the_zone_of_the_machine(monkeypatch, date, desired):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()

    assert file_tags.utc(date) == desired
    kept = metadata_trial.held(Metadata({"creation_time": date}), "mp4", Timing(), Path())
    monkeypatch.undo()
    time.tzset()

    assert (kept.tags == {"creation_time": date}) == bool(desired)


def test_a_date_that_is_none_is_named(tmp_path):
    path = write_tagged(tmp_path / "a.mp4", {"creation_time": "now"}, movflags="+use_metadata_tags")

    output, notes = assembled(path, ".mp4")

    assert "creation_time" not in read_tags(output)
    assert notes == ["lost in .mp4: the tag creation_time"]


ANDROID, APPLE = {"location": EVEREST}, {file_tags.APPLE_PLACE: EVEREST}


@pytest.mark.parametrize(
    ("name", "tags", "movflags", "suffix"),
    [
        ("android.mov", ANDROID, "", ".mp4"),
        ("android.mov", ANDROID, "", ".mov"),
        ("apple.mov", APPLE, "+use_metadata_tags", ".mp4"),
        ("apple.mov", APPLE, "+use_metadata_tags", ".mkv"),
        ("a.mkv", {"LOCATION": EVEREST}, "", ".mov"),
    ],
)
def test_the_place_is_kept_for_every_reader(tmp_path, name, tags, movflags, suffix):
    output, notes = assembled(write_tagged(tmp_path / name, tags, movflags=movflags), suffix)

    actual = read_tags(output)
    assert actual[file_tags.APPLE_PLACE.lower()] == EVEREST
    assert actual["location"].startswith("+27.9881+086.9250+8848.86")
    assert notes == []


CHAPTERS = [chapter(0, 0.16, title="Hügel"), chapter(0.16, 0.28, title="See"), chapter(0.28, 0.4, title="E")]
STARTS = [(0, "Hügel"), (0.16, "See"), (0.28, "E")]
LONG = {"title": "x" * 300}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_chapters_are_kept(tmp_path, name, suffix):
    sounds = [(Sound(), {}, DEFAULT)]
    output, notes = assembled(write_tagged(tmp_path / name, chapters=CHAPTERS, sounds=sounds), suffix)

    assert read_chapters(output) == STARTS
    assert notes == []
    with av.open(str(output)) as container:
        assert len(container.streams.subtitles) == 0


def test_chapters_without_titles_are_numbered_in_an_mp4(tmp_path):
    path = write_tagged(tmp_path / "a.mkv", chapters=[chapter(0, 0.5), chapter(0.5, 1, title="B")])

    assert read_chapters(assembled(path, ".mp4")[0]) == [(0, "Chapter 1"), (0.5, "B")]
    assert read_chapters(assembled(path, ".mkv")[0]) == [(0, None), (0.5, "B")]


def test_chapters_follow_the_clock_of_the_frames(tmp_path):
    path = write_tagged(tmp_path / "a.mkv", chapters=CHAPTERS)
    clip = replace(clips.probe(path), origin=Fraction(1, 5))

    encoding.assemble(split(path, tmp_path / "frames"), clip, tmp_path / "out.mkv")

    assert read_chapters(tmp_path / "out.mkv") == [(0, "See"), (pytest.approx(0.08), "E")]


def test_titles_of_chapters_that_are_read_as_text_do_not_become_subtitles(tmp_path):
    """FFmpeg reads the titles' track of its own MP4 as subtitles where the clip has a time code, too."""
    path = write_tagged(tmp_path / "a.mp4", video_tags={"timecode": "01:00:00:00"}, chapters=CHAPTERS)
    with av.open(str(path)) as container:
        assert len(container.streams.subtitles) == 1

    output, notes = assembled(path, ".mp4")

    assert read_chapters(output) == STARTS
    with av.open(str(output)) as container:
        assert len(container.streams.subtitles) == 0
    assert notes == ["lost in .mp4: the video track's timecode"]


def test_chapters_that_a_container_stores_wrongly_are_left_out(tmp_path):
    """At a clock of nanoseconds an MP4 has 32 bits for an hour, and 255 bytes for a title beside them."""
    given = Metadata(chapters=tuple(Chapter(Fraction(t), Fraction(t + 3600), LONG) for t in (0, 3600)))

    kept = [metadata_trial.held(given, "mp4", Timing(Fraction(1, n)), tmp_path) for n in (10**9, 90000)]

    assert [len(one.chapters) for one in kept] == [0, 2]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_time_code_is_kept(tmp_path, suffix):
    path = write_tagged(tmp_path / "a.mov", video_tags={"timecode": "01:02:03:04"})

    output, notes = assembled(path, suffix)

    with av.open(str(output)) as container:
        assert container.streams.video[0].metadata["timecode"] == "01:02:03:04"
    assert notes == []


FONT = ("a font.ttf", "font/ttf", bytes(range(256)))
TEXT = ("read me.txt", "text/plain", b"hello")


def test_attached_files_are_kept_in_matroska(tmp_path):
    output, notes = assembled(write_tagged(tmp_path / "a.mkv", attached=[FONT, TEXT]), ".mkv")

    with av.open(str(output)) as container:
        files = [(one.name, one.mimetype, one.data) for one in container.streams.attachments]
    assert files == [FONT, TEXT]
    assert notes == []


def test_attached_files_are_named_where_they_are_lost(tmp_path):
    output, notes = assembled(write_tagged(tmp_path / "a.mkv", attached=[FONT, TEXT]), ".mp4")

    assert notes == ["lost in .mp4: its attached files: a font.ttf, read me.txt"]
    with av.open(str(output)) as container:
        assert len(container.streams.get()) == 1


@pytest.mark.parametrize(
    ("name", "suffix", "is_kept"),
    [("a.mp4", ".mp4", True), ("a.mp4", ".mkv", True), ("a.mkv", ".mp4", True), ("a.mp4", ".mov", False)],
)
def test_a_cover_is_kept_and_is_no_frame(tmp_path, name, suffix, is_kept):
    given = {"cover": jpeg()} if name == "a.mp4" else {"attached": [("cover.jpg", "image/jpeg", jpeg())]}
    path = write_tagged(tmp_path / name, COMMON, **given)

    output, notes = assembled(path, suffix)

    with av.open(str(output)) as container:
        covers = [
            bytes(packet)
            for stream in container.streams.video[1:]
            for packet in container.demux(stream)
            if packet.size
        ]
    assert covers == ([jpeg()] if is_kept else [])
    assert notes == ([] if is_kept else [f"lost in {suffix}: the cover picture (stream 1)"])
    assert seconds_of(clips.probe(output)) == seconds_of(clips.probe(path))


TRACKS = [
    (Sound(language="deu"), {"title": "Ton"}, DEFAULT),
    (Sound("ac3", language="fra"), {"title": "Regie"}, Disposition.comment),
    (Sound(language="swe"), {}, Disposition.visual_impaired),
]


@pytest.mark.parametrize(
    ("suffix", "languages"),
    [
        (".mp4", ["deu", "fra", "swe"]),
        (".mkv", ["deu", "fra", "swe"]),
        (".mov", ["ger", "fra", "sve"]),  # QuickTime's codes
    ],
)
def test_tracks_keep_titles_languages_and_marks(tmp_path, suffix, languages):
    path = write_tagged(tmp_path / "a.mkv", video_tags={"title": "Bild", "language": "ita"}, sounds=TRACKS)

    output, notes = assembled(path, suffix)

    with av.open(str(output)) as container:
        streams = container.streams
        titles = [s.metadata.get("title") or s.metadata.get("name") for s in (*streams.video, *streams.audio)]
        assert titles == ["Bild", "Ton", "Regie", None]
        assert [s.metadata["language"] for s in (*streams.video, *streams.audio)] == ["ita", *languages]
        marks = [stream.disposition for stream in streams.audio]
    if suffix == ".mov":
        assert [bool(mark & DEFAULT) for mark in marks] == [True, False, False]
        assert notes == [
            "lost in .mov: the mark comment of the audio track (stream 2)",
            "lost in .mov: the mark visual_impaired of the audio track (stream 3)",
        ]
    else:
        assert all(mark & given for mark, (_, _, given) in zip(marks, TRACKS, strict=True))
        assert notes == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_marks_that_are_said_to_be_held_are_read_back(tmp_path, suffix):
    container_name = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}[suffix]
    held_marks = list(track_tags.HELD_MARKS[container_name])
    sounds = [(Sound(seconds=0.1, burst=0), {}, mark) for mark in held_marks]
    path = write_tagged(tmp_path / f"a{suffix}", sounds=[(Sound(), {}, DEFAULT), *sounds])

    with av.open(str(path)) as container:
        read = [stream.disposition for stream in container.streams.audio][1:]

    assert all(mark & given for mark, given in zip(read, held_marks, strict=True))


def test_an_unknown_language_is_named(tmp_path):
    path = write_tagged(tmp_path / "a.mkv", sounds=[(Sound(language="de-CH"), {}, DEFAULT)])

    assert assembled(path, ".mp4")[1] == ["lost in .mp4: the language (de-CH) of the audio track (stream 1)"]


def test_the_same_clip_gives_the_same_bytes(tmp_path):
    path = write_tagged(
        tmp_path / "a.mkv",
        {**COMMON, "creation_time": "2020-05-06T07:08:09", "location": EVEREST, "odd": "tag"},
        chapters=CHAPTERS,
        attached=[FONT, ("cover.jpg", "image/jpeg", jpeg())],
        sounds=TRACKS,
    )
    first = [assembled(path, suffix)[0].read_bytes() for suffix in SUFFIXES]
    time.sleep(1.1)  # a time of day in the file would differ
    second = [assembled(path, suffix, " again")[0].read_bytes() for suffix in SUFFIXES]

    assert first == second


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_clip_that_says_nothing_gives_the_bytes_of_a_plan_without_metadata(tmp_path, suffix):
    path = write_clip(tmp_path / "a.mp4", sounds=[Sound(language="und")])
    clip, pictures = clips.probe(path), split(path, tmp_path / "frames")
    plan = sound.try_mux(clip, tmp_path / f"a{suffix}")

    encoding.assemble(pictures, clip, tmp_path / f"a{suffix}", plan)
    encoding.assemble(pictures, clip, tmp_path / f"b{suffix}", replace(plan, metadata=Metadata()))

    assert plan.notes == () and plan.metadata == Metadata()
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_hostile_tags_do_not_cost_the_clip(tmp_path, suffix):
    tags = {
        "title": "x" * (10_000_000 if suffix == ".mp4" else 100_000),
        "artist": "\x1b[31mred\x07\r\n",
        "k" * 100_000: "long name",
        "\x1b[2J": "y" * 70_000,
        "comment": "LATIN",
    }
    path = write_tagged(tmp_path / "a.mkv", tags)
    path.write_bytes(path.read_bytes().replace(b"LATIN", b"Z\xfcric"))

    output, notes = assembled(path, suffix)

    actual = read_tags(output)
    assert (actual["artist"], actual["comment"]) == ("\x1b[31mred\x07\r\n", "Züric")
    assert "title" not in actual
    assert len(notes) == 1 and "(longer than 65535 bytes)" in notes[0] and "title" in notes[0]
    assert len(notes[0]) < 300 and notes[0].isprintable()
    assert len(clips.probe(output).frame_times) == 10


def test_hostile_titles_of_chapters_and_attached_files_do_not_cost_the_clip(tmp_path):
    chapters = [chapter(0, 0.5, title="x" * 1_000_000), chapter(0.5, 1, title="\x1b[31m\n")]
    path = write_tagged(
        tmp_path / "a.mkv",
        chapters=chapters,
        attached=[("\x1b[31m\nfont" * 20, "font/ttf", b"x" * 1_000_000)],
    )

    kept, lost = assembled(path, ".mkv"), assembled(path, ".mp4")

    assert read_chapters(kept[0])[1] == read_chapters(lost[0])[1] == (0.5, "\x1b[31m\n")
    assert kept[1] == ["lost in .mkv: titles of chapters longer than 65535 bytes"]
    assert len(lost[1]) == 2 and all(note.isprintable() and len(note) < 300 for note in lost[1])


@pytest.mark.parametrize(
    ("name", "given", "desired"),
    [
        ("a.mov", {"codec": "qtrle", "pixel_format": "argb"}, "its transparency (H.264 holds none)"),
        ("a.mkv", {"codec": "ffv1", "pixel_format": "yuva420p"}, "its transparency (H.264 holds none)"),
        ("a.mkv", {"video_tags": {"alpha_mode": "1"}}, "its transparency (H.264 holds none)"),
        ("a.mp4", {"transfer": 16}, "its high dynamic range (PQ)"),
        ("a.mkv", {"transfer": 18}, "its high dynamic range (HLG)"),
        ("a.mkv", {"video_tags": {"stereo_mode": "left_right"}}, "its mark as 3D video"),
        ("a.mp4", {"video_tracks": 2}, "the video track (stream 1); stream 0 is taken"),
        ("a.mkv", {"video_tracks": 3}, "the video tracks (streams 1, 2); stream 0 is taken"),
    ],
)
def test_what_the_output_cannot_hold_is_one_line(tmp_path, name, given, desired):
    path = write_tagged(tmp_path / name, frames=2, **given)

    assert lost_features.of_clip(path, Metadata(), Metadata(), "mp4", []) == [desired]


@pytest.mark.parametrize("alpha", [0, 255])
def test_the_transparency_of_a_gif_is_told_where_it_has_one(tmp_path, alpha):
    picture = Image.new("RGBA", (64, 48), (200, 10, 10, 255))
    picture.paste((0, 0, 0, alpha), (0, 0, 20, 20))
    picture.save(tmp_path / "a.gif", save_all=True, append_images=[picture.rotate(90)])

    lost = lost_features.of_clip(tmp_path / "a.gif", Metadata(), Metadata(), "mp4", [])

    assert lost == ([] if alpha else ["its transparency (H.264 holds none)"])


def with_data(path, tag, handler):
    """An MP4 with a track of data: subtitles under another name."""
    data = write_clip(path, subtitles=[(0, 200, "first"), (200, 200, "second")]).read_bytes()
    for old, new in ((b"tx3g", tag), (b"sbtl", b"meta"), (b"SubtitleHandler", handler.ljust(15))):
        assert data.count(old) == 1
        data = data.replace(old, new)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_the_data_of_an_action_camera_are_kept(tmp_path, suffix):
    """GoPro's cameras store places and movements so."""
    output, notes = assembled(with_data(tmp_path / "a.mp4", b"gpmd", b"GoPro MET"), suffix)

    with av.open(str(output)) as container:
        data = [(p.pts * p.time_base, bytes(p)[2:]) for p in container.demux(data=0) if p.size]
    assert data == [(0, b"first"), (Fraction(1, 5), b"second")]
    assert notes == []


@pytest.mark.parametrize(
    ("tag", "handler", "suffix"),
    [(b"gpmd", b"GoPro MET", ".mkv"), (b"mebx", b"Core Media Meta", ".mov"), (b"mebx", b"\x1b[31m", ".mp4")],
)
def test_data_that_a_container_does_not_hold_are_named(tmp_path, tag, handler, suffix):
    output, notes = assembled(with_data(tmp_path / "a.mp4", tag, handler), suffix)

    name = handler.decode().replace("\x1b", "\\x1b")
    assert notes == [f"lost in {suffix}: the data track (stream 1): {name}"]
    with av.open(str(output)) as container:
        assert len(container.streams.get()) == 1


def test_a_track_of_a_time_code_is_no_lost_data(tmp_path):
    camera = with_data(tmp_path / "a.mp4", b"rtmd", b"Timed Metadata")
    timecode = write_tagged(tmp_path / "b.mov", video_tags={"timecode": "01:00:00:00"})

    notes = [sound.try_mux(clips.probe(path), tmp_path / "out.mkv").notes for path in (camera, timecode)]

    assert [len(lines) for lines in notes] == [1, 0]


def test_matroska_keeps_the_form_of_3d(tmp_path):
    output, notes = assembled(
        write_tagged(tmp_path / "a.mkv", video_tags={"stereo_mode": "left_right"}), ".mkv"
    )

    with av.open(str(output)) as container:
        assert container.streams.video[0].metadata["stereo_mode"] == "left_right"
    assert notes == []


def test_what_is_lost_is_known_before_any_frame_is_stylised(tmp_path):
    clip = clips.probe(write_tagged(tmp_path / "a.mkv", attached=[FONT]))

    assert sound.try_mux(clip, tmp_path / "out.mov").notes == (
        f"{clip.path}: lost in .mov: its attached files: a font.ttf",
    )
    assert [file.name for file in tmp_path.iterdir()] == ["a.mkv"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frame_times_do_not_depend_on_metadata(tmp_path, suffix):
    plain = write_tagged(tmp_path / "plain.mkv", sounds=TRACKS[:1])
    full = write_tagged(
        tmp_path / "full.mkv",
        {**COMMON, "location": EVEREST},
        video_tags={"timecode": "01:00:00:00"},
        chapters=[chapter(0.2, 30, title="late and long")],
        attached=[FONT, ("cover.jpg", "image/jpeg", jpeg())],
        sounds=TRACKS[:1],
    )

    actual, desired = (through(path, tmp_path / f"{path.stem}{suffix}") for path in (full, plain))

    assert seconds_of(actual) == seconds_of(desired)
