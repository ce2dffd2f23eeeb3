"""The line that resumes is one that a shell reads as the same arguments."""

import os
import subprocess

import pytest

from pipeline.command_line.resume_line import line_to_resume


def test_flags_that_discard_the_job_are_left_out() -> None:
    line = line_to_resume(["image", "a b.jpg", "s.jpg", "--restart", "--steps", "3", "--force"])
    assert line == "nstpipe image 'a b.jpg' s.jpg --steps 3"


@pytest.mark.parametrize(
    "name",
    ["it's.jpg", "$HOME.jpg", "größe.jpg", "new\nline\\'1.jpg", "\x1b[31m1.jpg", os.fsdecode(b"\xff1.jpg")],
)
def test_a_shell_reads_the_same_name(name: str) -> None:
    line = line_to_resume([name])
    assert line.isprintable()
    script = line.replace("nstpipe", "printf %s", 1)
    echoed = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, check=True).stdout
    assert echoed == os.fsencode(name)
