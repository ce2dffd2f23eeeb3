"""`--report` and `nstpipe report`, as they are typed."""

from pathlib import Path

import pytest

import cli
from tests.support import recorded_jobs
from tests.support.media import FLAGS, picture


@pytest.fixture
def nstpipe(capfd: pytest.CaptureFixture[str]):
    """Run a command line in this process: (exit code, standard output, standard error)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments])
        return (int(ended.value.code or 0), *capfd.readouterr())

    return run


def test_a_batch_with_a_failed_picture_has_its_report(nstpipe) -> None:
    picture("starry.jpg", 9)
    picture("photos/a.png", 1)
    Path("photos/b.png").write_text("no picture")
    line = ["batch", "photos", "starry.jpg", "-o", "out", *FLAGS]
    assert nstpipe(*line, "--report", "--dry-run")[0] == 0
    assert not Path("out.report.html").exists()
    code, printed, said = nstpipe(*line, "--report")
    assert (code, printed) == (3, "report: out.report.html\n")
    assert "1 of 2 failed: b_starry.png" in said
    page = Path("out.report.html").read_text()
    assert "Finished; 1 failed." in page
    assert "photos/b.png: is not a picture" in page
    Path("out.report.html").unlink()
    assert nstpipe(*line, "-q")[0] == 3
    assert not Path("out.report.html").exists()
    assert nstpipe(*line, "-q", "--report")[:2] == (3, "")
    assert "Finished; 1 failed." in Path("out.report.html").read_text()


def test_a_job_that_ran_without_it_gets_one(nstpipe) -> None:
    recorded_jobs.batch("out", ["a.png"])
    assert nstpipe("report", "out") == (0, "out.report.html\n", "")
    Path("out.report.html").write_text("mine")
    code, printed, said = nstpipe("report", "out")
    assert (code, printed, said.count("\n")) == (1, "", 1)
    assert "--force" in said
    assert nstpipe("report", "out", "--output", "other.html") == (0, "other.html\n", "")
    assert nstpipe("report", "out", "--force") == (0, "out.report.html\n", "")
    assert Path("out.report.html").read_bytes() == Path("other.html").read_bytes()


def test_there_is_none_where_there_is_no_job(nstpipe) -> None:
    code, printed, said = nstpipe("report", "out")
    assert (code, printed, said.count("\n")) == (10, "", 1)
    assert "nstpipe has no job for this output" in said
