"""Files for others: checkable JSON lines, and CSV that no spreadsheet executes."""

import csv
import io
import json
from hashlib import sha256
from pathlib import Path

import pytest

from netops.journal.export import COLUMNS, csv_lines, json_lines
from tests.unit.journal.lab import live, open_book


def test_an_exported_line_can_be_hashed_again(tmp_path: Path) -> None:
    with live(tmp_path) as book:
        entries = list(book.entries())
        lines = list(json_lines(entries))
    previous = bytes(32)
    for entry, line in zip(entries, lines, strict=True):
        body, _, tail = line.rpartition(',"hash":"')
        digest = sha256(previous + body.encode() + b"}").digest()
        assert tail == f'{digest.hex()}"}}\n'
        assert json.loads(line)["seq"] == entry.seq
        previous = digest


def test_csv_has_a_column_for_everything(tmp_path: Path) -> None:
    with live(tmp_path) as book:
        rows = list(csv.DictReader(io.StringIO("".join(csv_lines(book.entries())))))
        entries = list(book.entries())
    assert tuple(rows[0]) == COLUMNS
    assert [row["hash"] for row in rows] == [entry.hash for entry in entries]
    assert [row["ok"] for row in rows][:3] == ["", "true", "true"]
    assert json.loads(rows[1]["detail"]) == {"bytes": 18_342}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n=", " =", "＝", "＠"])
def test_no_cell_starts_a_formula(tmp_path: Path, start: str) -> None:
    with open_book(tmp_path) as book:
        book.append("note", f"{start}cmd|' /C calc'!A0")
        (row,) = csv.DictReader(io.StringIO("".join(csv_lines(book.entries()))))
    assert row["subject"].startswith("'")


def test_text_that_is_no_text_is_shown_not_passed_on(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append("note", 'a\udcff\x00\x1b[31m, "q"\n交换机')
        text = "".join(csv_lines(book.entries()))
    text.encode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["subject"] == 'a\\udcff\\x00\\x1b[31m, "q"\n交换机'
