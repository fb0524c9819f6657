"""Asset sheets are read in every usual form; what would become a wrong record is refused."""

import os
from pathlib import Path

import pytest

from netops.core.errors import ConfigError, NetopsError, UsageError
from netops.inventory.sheet import Sheet, read_sheet

SIMPLIFIED = "资产编号,设备名称,IP地址,型号,序列号,责任人,存放地点,购置日期\n"
ROW = "A-001,sw-1,10.1.0.11,S5735,2102350,王芳,图书馆 301,2022/3/5\n"
TRADITIONAL = "資產編號;設備名稱;IP位址;型號;序號;負責人;存放地點\nA-001;sw-1;10.1.0.11;S5735;2102350;王芳;圖書館 301\n"


def sheet(tmp_path: Path, content: bytes, **more: object) -> Sheet:
    file = tmp_path / "assets.csv"
    file.write_bytes(content)
    return read_sheet(file, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("utf-8", SIMPLIFIED + ROW),
        ("utf-8-sig", SIMPLIFIED + ROW),
        ("gb18030", SIMPLIFIED + ROW),
        ("gbk", SIMPLIFIED + ROW),
        ("utf-16", (SIMPLIFIED + ROW).replace(",", "\t")),
        ("big5", TRADITIONAL),
        ("utf-8", TRADITIONAL),
        ("utf-8", (SIMPLIFIED + ROW).replace("\n", "\r\n")),
    ],
)
def test_every_charset_and_separator_gives_the_same_row(
    tmp_path: Path, charset: str, text: str
) -> None:
    (row,) = sheet(tmp_path, text.encode(charset)).rows
    assert row.cells["number"] == "A-001"
    assert row.cells["serial"] == "2102350"
    assert row.cells["owner"] == "王芳"
    assert row.cells["location"] in {"图书馆 301", "圖書館 301"}


def test_head_below_a_title_is_found_and_lines_are_counted(tmp_path: Path) -> None:
    made = sheet(tmp_path, f"资产清单 2026,,,\n,,,\n{SIMPLIFIED}{ROW}".encode())
    assert [(row.line, row.cells["number"]) for row in made.rows] == [(4, "A-001")]


def test_quoted_cells_may_hold_separators_and_line_breaks(tmp_path: Path) -> None:
    made = sheet(tmp_path, b'asset,name,location\n1,sw-1,"Room 2,\nshelf 3"\n')
    assert made.rows[0].cells["location"] == "Room 2, shelf 3"


def test_own_heads_are_named_with_map(tmp_path: Path) -> None:
    made = sheet(tmp_path, b"tag,box\n1,sw-1\n", columns=["tag=number", "box=device"])
    assert made.rows[0].cells == {"number": "1", "device": "sw-1"}
    with pytest.raises(UsageError, match="no field is called 'colour'"):
        sheet(tmp_path, b"tag,box\n1,sw-1\n", columns=["tag=colour"])


def test_columns_of_passwords_are_left_out_and_told(tmp_path: Path) -> None:
    made = sheet(tmp_path, "name,密码,SNMP community,enable password\nsw-1,a1,b2,c3\n".encode())
    assert made.secrets == ["密码", "SNMP community", "enable password"]
    assert "a1" not in repr(made.rows)
    assert "b2" not in repr(made.rows)


def test_zeros_kept_by_the_office_trick_stay(tmp_path: Path) -> None:
    made = sheet(tmp_path, b'asset,name\n"=""00017""",sw-1\n')
    assert made.rows[0].cells["number"] == "00017"


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("=HYPERLINK(1)", "formula"),
        ("@SUM(A1)", "formula"),
        ("+cmd|(calc)", "formula"),
        ("2.10235E+11", "rounded"),
        ("x" * 5000, "characters"),
    ],
)
def test_cells_that_would_be_a_wrong_record_are_mistakes(
    tmp_path: Path, cell: str, why: str
) -> None:
    (mistake,) = sheet(tmp_path, f"asset,name,serial\n1,sw-1,{cell}\n".encode()).mistakes
    assert mistake.startswith("line 2: serial")
    assert why in mistake


def test_row_with_more_cells_than_the_head_is_a_mistake(tmp_path: Path) -> None:
    made = sheet(tmp_path, b"asset,name\n1,sw-1,surplus\n")
    assert made.mistakes == ["line 2: more cells than the head has"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no line of heads"),
        (b"a,b\n1,2\n", "no line of heads"),
        (b"asset,name\n1,\0\n", "NUL"),
        (b"asset,name\n\xff\xfe\xfd,\x81\n", "neither UTF-8"),
        (b'asset,name\n1,"never closed\n', "csv:"),
        (b"asset," + b"x," * 300 + b"\n1\n", "columns"),
    ],
)
def test_what_is_no_sheet_is_refused_with_a_hint(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        sheet(tmp_path, content)


def test_pipe_and_directory_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path, tmp_path / "absent"):
        with pytest.raises(NetopsError, match="cannot be read"):
            read_sheet(place)


def test_invisible_characters_do_not_get_into_records(tmp_path: Path) -> None:
    made = sheet(tmp_path, "asset,name\nA\u200b1,sw\u202e-1\x07\n".encode())
    assert made.rows[0].cells == {"number": "A1", "device": "sw-1"}
