"""The log of a job: no control characters, and no log is worth the job."""

from pathlib import Path

import pytest

from pipeline.errors import NstpipeWarning, StoppedError
from pipeline.jobs.record.job_log import FILE_NAME, opened_log


def test_a_full_disk_costs_the_log_and_one_warning(tmp_path: Path) -> None:
    with pytest.warns(NstpipeWarning, match=r"log.txt: cannot be written \(No space left") as caught:  # noqa: SIM117
        with opened_log(tmp_path) as log:
            log.handlers[0].setStream(open("/dev/full", "a", encoding="utf-8")).close()  # noqa: SIM115
            for number in range(5000):  # more than any buffer
                log.info("line %d", number)
    assert len(caught) == 1


def test_a_log_that_cannot_be_opened_costs_one_warning(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.warns(NstpipeWarning, match="the job goes on without its log"), opened_log(tmp_path) as log:
        log.info("a line")


def test_control_characters_are_escaped_and_lines_kept(tmp_path: Path) -> None:
    with opened_log(tmp_path) as log:
        try:
            raise ValueError("\x1b[31m")
        except ValueError as error:
            log.error("failed \x9b0m", exc_info=error)
    lines = (tmp_path / FILE_NAME).read_text().splitlines()
    assert lines[0].endswith(r"ERROR failed \x9b0m")
    assert lines[-1] == r"ValueError: \x1b[31m"


def test_how_a_job_ended_is_logged(tmp_path: Path) -> None:
    """The terminal may be gone by then."""
    with pytest.raises(StoppedError), opened_log(tmp_path):
        raise StoppedError("stopped; what is finished is kept")
    assert (
        (tmp_path / FILE_NAME)
        .read_text()
        .endswith("ended by StoppedError: stopped; what is finished is kept\n")
    )
