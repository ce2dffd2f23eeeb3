"""Tables that benchmarks print."""

Table = list[list[str]]


def rows(printed: str) -> Table:
    """The rows of the table in what was printed, without the two head rows."""
    lines = [line for line in printed.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {len(row) for row in cells} == {len(cells[0])} and set(cells[1]) == {"---"}
    return cells[2:]
