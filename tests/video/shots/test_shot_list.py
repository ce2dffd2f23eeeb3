"""Lists of shots: printed lists are read back, with notes that people added; mistakes are named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.video.shots import shot_list


def written(text: str, path: Path = Path("shots.txt")) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_a_list_for_people() -> None:
    actual = shot_list.lines([0, 48, 90_000], [0.0, 2.0, 3_725.0616])
    assert actual[0].startswith("#")
    assert actual[1:] == ["1\t0:00:00.000", "49\t0:00:02.000", "90001\t1:02:05.062"]


def test_seconds_are_never_rounded_up_to_60() -> None:
    assert shot_list.lines([0], [59.9996])[1] == "1\t0:01:00.000"


@given(st.sets(st.integers(1, 10**6)), st.sampled_from(["\n", "\r\n"]))
def test_what_is_printed_is_read_again(later: set[int], end: str) -> None:
    firsts = sorted({0, *later})
    path = written(end.join(shot_list.lines(firsts, [first / 25 for first in firsts])))
    assert shot_list.read(path) == tuple(firsts)


@pytest.mark.parametrize(
    ("text", "desired"),
    [
        ("", (0,)),
        ("5\n", (0, 4)),  # the clip's first frame need not be named
        ("# 7\n\n  3 # the door opens\n1\n3\n 2 0:00:01 whatever stands here\n", (0, 1, 2)),
        ("\ufeff1\n9\n", (0, 8)),  # as some editors begin a file
    ],
)
def test_only_the_first_words_count(text: str, desired: tuple[int, ...]) -> None:
    assert shot_list.read(written(text)) == desired


@pytest.mark.parametrize("word", ["x", "0", "-3", "2.5", "1,2", "0:00:01", "²", "9" * 5000])
def test_a_word_that_is_not_a_frame_number_is_named(word: str) -> None:
    with pytest.raises(InputError, match=r"shots.txt: '.*' is not a frame number") as caught:
        shot_list.check(shot_list.read(written(f"1\n{word}\n")), 10**9)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_bytes(b"\xff\xfe1")])
def test_a_file_that_is_not_a_list_is_named(make) -> None:
    make(Path("shots.txt"))
    with pytest.raises(InputError, match=r"shots.txt: cannot be read as a list of shots"):
        shot_list.read(Path("shots.txt"))
    with pytest.raises(InputError, match=r"none.txt: cannot be read"):
        shot_list.read(Path("none.txt"))


def test_a_shot_beyond_the_clip_is_refused() -> None:
    shot_list.check((0, 9), 10)
    with pytest.raises(InputError, match="names frame 10, and the clip has 9; `nstpipe shots`"):
        shot_list.check((0, 9), 9)
