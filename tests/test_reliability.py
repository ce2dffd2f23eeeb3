"""Every test that the document on reliability names exists in the file that it links to."""

import re

from tests.support import ROOT

CASES = 25


def test_every_case_has_tests_that_exist() -> None:
    text = (ROOT / "docs/reliability.md").read_text()
    rows = re.findall(r"^\| (\d+) \|.*\|$", text, re.MULTILINE)
    assert [int(number) for number in rows] == list(range(1, CASES + 1))
    for line in text.splitlines():
        if re.match(r"\| \d+ \|", line):
            assert_tests_exist(line.rpartition("| [")[2])


def assert_tests_exist(cell: str) -> None:
    groups = re.findall(r"(\w+\.py)\]\(\.\./([\w/]+\.py)\): ((?:`\w+`(?:, )?)+)", cell)
    assert len(groups) == cell.count(".py](") > 0
    for name, path, tests in groups:
        source = (ROOT / path).read_text()
        assert path.endswith(f"/{name}")
        for test in re.findall(r"`(\w+)`", tests):
            assert f"\ndef {test}(" in source, f"{path} has no {test}"


def test_every_script_exists() -> None:
    text = (ROOT / "docs/reliability.md").read_text()
    scripts = re.findall(r"python -m benchmarks\.(\w+)", text)
    assert scripts and all((ROOT / f"benchmarks/{name}.py").is_file() for name in scripts)
