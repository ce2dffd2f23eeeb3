"""Damaged journals: one line that says --restart, which always works; and no other job is hidden."""

import json
import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest

import cli
from pipeline import Observer
from pipeline.base.messages import shown
from pipeline.errors import DamagedJournalError, OutputError
from pipeline.jobs.planning import planner
from pipeline.jobs.record import status
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.record.journal_files import FILE_NAME
from pipeline.jobs.work.job_folder import open_job
from pipeline.settings.settings import Settings
from tests.support.media import picture
from tests.support.tiny_weights import tiny_weights

FACTS = Facts(
    {"settings": {}},
    kind="video",
    source="in.mp4",
    weights="builtin",
    libraries={"scipy": "1.17"},
    total=9,
    shots=(0, 4),
    gains={3: 0.5},
    output_sha256="ab" * 32,
)
DONE = Entry("a_s.png", "done", sha256="cd" * 32, content="ef" * 32, steps=3, loss=0.5, seconds=1.0)
FOLDER = Path(".a_s.png.nstpipe")


@pytest.fixture
def database():
    """The journal of a job, to be damaged."""
    FOLDER.mkdir()
    with Journal(FOLDER) as journal:
        journal.begin(FACTS)
        journal.mark(DONE)
    connection = sqlite3.connect(FOLDER / FILE_NAME, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    yield connection
    connection.close()


def refused() -> str:
    """The message, where the damage is refused by those who read and those who write."""
    for read_only in (True, False):
        with pytest.raises(DamagedJournalError, match="; --restart starts the job over$") as caught:
            Journal(FOLDER, read_only=read_only)
        assert str(caught.value).isprintable() and len(str(caught.value)) < 300
    return str(caught.value)


def begun_again() -> None:
    plan = planner.of_image(picture("a.jpg", 1), [picture("s.jpg", 2)], None)
    weights = tiny_weights()
    with open_job(plan, Settings(), weights, Observer(), force=False, restart=True) as job:
        assert (job.facts.kind, job.facts.total, job.entries()) == ("image", 0, {})
        job.record(total=1)


NO_TEXT = ["5", "null", "[]", "{}", "true"]
NO_COUNT = ['"5"', "null", "-1", "1.0", "1e3", "true", "300000000", "9" * 5000, "[]"]
NO_FLAG = ["0", '"true"', "null", "[]"]
NO_SHA = ['"' + "g" * 64 + '"', '"' + "a" * 63 + '"', '"' + "a" * 65 + '"', '"' + "A" * 64 + '"', "5"]
NO_SECONDS = ['"5"', "null", "-1", "1e11", "NaN", "Infinity", "[]"]
NO_JSON = ["", "{", "\x1b[31m", "[" * 100_000, '"\\ud800"', b"\xff", b"\x00"]
DAMAGED_FACTS = {
    "parts": ["null", "[]", "{}", '"x"', '{"settings": 5}', '{"settings": {"size": NaN}}'],
    "kind": NO_TEXT,
    "source": NO_TEXT,
    "weights": NO_TEXT,
    "weights origin": NO_TEXT,
    "version": NO_TEXT,
    "libraries": ["null", "[]", '"x"', '{"scipy": 5}'],
    "began_at": NO_SECONDS,
    "adopts": NO_FLAG,
    "total": [*NO_COUNT, "4", "2"],  # frames 4 and 3 are named by other facts
    "workers": [*NO_COUNT, "0"],
    "finished": NO_FLAG,
    "shots": ["5", "[]", "{}", "[1]", "[0, 0]", "[0, 3, 2]", "[0, 9]", "[0, 2.5]", '["0"]', '"0"', "[0, -1]"],
    "gains": ["5", "[]", '{"a": 1}', '{"-1": 1}', '{"9": 1}', '{"3": 2}', '{"3": "1"}', '{"1.5": 1}'],
    "output": NO_SHA,
    "output start": ["5", '"a"', '"gg"', '"AA"', '"' + "ab" * 257 + '"'],
    "a fact of tomorrow": ["5"],
    "\x1b[31m": ["5"],
}  # fmt: skip


@pytest.mark.parametrize(("key", "values"), DAMAGED_FACTS.items(), ids=list(DAMAGED_FACTS))
def test_every_fact_is_checked(database: sqlite3.Connection, key: str, values: list[object]) -> None:
    for value in [*values, *NO_JSON]:
        database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, value))
        assert re.search(re.escape(shown(key)).replace(r"\ ", "."), refused())
    begun_again()


@pytest.mark.parametrize("key", [key for key in DAMAGED_FACTS if key.isprintable()])
def test_the_line_names_the_fact_and_its_value(database: sqlite3.Connection, key: str) -> None:
    database.execute("INSERT OR REPLACE INTO facts VALUES (?, '[5]')", (key,))
    field = {"output": "output_sha256"}.get(key, re.sub("(output|weights) ", r"\1_", key))
    assert re.search(rf"\({field}(\.0)?( = \[?5\]?: it must be | is not known to this version)", refused())


def test_text_that_is_not_utf_8(database: sqlite3.Connection) -> None:
    database.execute("UPDATE facts SET value = CAST(x'ff22' AS TEXT) WHERE name = 'source'")
    refused()
    begun_again()


def test_a_job_without_its_fingerprint(database: sqlite3.Connection) -> None:
    database.execute("DELETE FROM facts WHERE name = 'parts'")
    refused()
    begun_again()


DAMAGED_COLUMNS = {
    "name": [5, None],
    "state": ["half", b"done", "", 5],
    "reason": [None, b"\xff"],
    "sha256": ["ab", "g" * 64, None, b"ab" * 32],
    "content": ["ab", "g" * 64, None],
    "steps": [-1, "many", None, 1.5, b"5"],
    "loss": ["low", float("inf"), None, b"5"],
    "seconds": [-1, float("inf"), 1e300, "\x1b[31m", None],
    "ended_at": [-1, 1e300, "now"],
}


@pytest.mark.parametrize(("column", "values"), DAMAGED_COLUMNS.items(), ids=list(DAMAGED_COLUMNS))
def test_every_column_of_an_entry_is_checked(
    database: sqlite3.Connection, column: str, values: list[object]
) -> None:
    for value in values:
        database.execute(f"UPDATE items SET {column} = ?", (value,))
        assert f"{column} = " in refused() or column == "name"
    begun_again()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE items DROP COLUMN ended_at",
        "ALTER TABLE items ADD COLUMN mood TEXT NOT NULL DEFAULT 'good'",
        "ALTER TABLE items RENAME COLUMN loss TO cost",
        "ALTER TABLE facts RENAME TO truths",
        "DROP TABLE items",
        "CREATE TABLE more (name TEXT)",
        "CREATE VIEW seen AS SELECT * FROM items",
        "CREATE UNIQUE INDEX one_of_each ON items (state)",
        "CREATE TRIGGER never BEFORE INSERT ON items BEGIN SELECT RAISE(ABORT, 'no'); END",
    ],
)
def test_tables_of_another_version(database: sqlite3.Connection, change: str) -> None:
    """An older or newer schema is not a matter of permissions."""
    database.execute(change)
    refused()
    begun_again()


def test_a_journal_of_any_changed_byte_is_read_or_refused(database: sqlite3.Connection) -> None:
    """Bytes are changed one at a time, across the whole file; --restart gets past each."""
    path, rng = FOLDER / FILE_NAME, np.random.default_rng(0)
    whole, damages = path.read_bytes(), 0
    positions = [*range(0, 110, 3), *rng.integers(0, len(whole), 150)]
    for position in positions:
        data = bytearray(whole)
        data[position] ^= int(rng.integers(1, 256))
        path.write_bytes(data)
        try:
            with Journal(FOLDER) as journal:
                journal.facts(), journal.entries()
        except OutputError as error:
            damages += 1
            assert isinstance(error, DamagedJournalError), str(error)
            assert str(error).isprintable()
            if damages % 10 == 1:
                begun_again()
    assert damages > 20


@pytest.mark.parametrize("length", [0, 50, 100, 4095, 4096, 5000])
def test_a_journal_that_is_cut_off_is_begun_again(database: sqlite3.Connection, length: int) -> None:
    path = FOLDER / FILE_NAME
    path.write_bytes(path.read_bytes()[:length])
    begun_again()


def test_one_bad_journal_hides_no_other(database: sqlite3.Connection, capsys) -> None:
    Path(".b.png.nstpipe").mkdir()
    with Journal(Path(".b.png.nstpipe")) as journal:
        journal.begin(Facts({"settings": {}}, total=3, weights="\x1b[31m"))
        journal.mark(Entry("x\x1b[31m", "failed", reason="\x1b[31m"))
    database.execute("UPDATE facts SET value = ? WHERE name = 'total'", (json.dumps("\x1b[31m"),))
    with pytest.raises(SystemExit) as ended:
        cli.main(["status"])
    assert not ended.value.code
    bad, good, failed = capsys.readouterr().out.splitlines()
    assert bad.startswith("a_s.png: status unknown: .a_s.png.nstpipe/journal.sqlite3: not a readable journal")
    assert bad.endswith("--restart starts the job over")
    assert good == r"b.png: stopped: 0 of 3 done, 1 failed, 2 left (\x1b[31m weights)"
    assert failed == r"  x\x1b[31m: \x1b[31m"
    assert [one.output for one in status.below(Path())] == [Path("a_s.png"), Path("b.png")]
