"""Bar codes: the table holds its own laws, and a real scanner reads what is drawn."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.reports import code128
from tests.require import need

printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)


def test_every_symbol_is_eleven_modules_wide_and_unlike_the_others() -> None:
    symbols = code128._WIDTHS

    assert len(symbols) == len(set(symbols)) == 106
    assert {sum(map(int, symbol)) for symbol in symbols} == {11}
    # Bars of a symbol add up to an even number of modules (ISO/IEC 15417, 4.3.2).
    assert {sum(map(int, symbol[::2])) % 2 for symbol in symbols} == {0}


@given(printable)
def test_length_follows_from_the_text(text: str) -> None:
    assert len(code128.modules(text)) == 10 + 11 * (len(text) + 2) + 13 + 10


@given(printable)
def test_svg_draws_the_modules(text: str) -> None:
    pattern = code128.modules(text)
    drawn = ["0"] * len(pattern)

    for start, width in re.findall(r"M(\d+) 0h(\d+)v1", code128.svg(text)):
        drawn[int(start) : int(start) + int(width)] = "1" * int(width)

    assert "".join(drawn) == pattern


@pytest.mark.parametrize("text", ["", "備份", "a\nb", "\x7f"])
def test_what_code_b_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        code128.modules(text)


@pytest.mark.parametrize("text", ["01KAQ3Z4W1M2N3P4Q5R6S7T8V9", "~ DISK-07 {a}", "0"])
def test_a_scanner_reads_it(text: str, tmp_path: Path) -> None:
    need("zbarimg")
    row = bytes(0 if module == "1" else 255 for module in code128.modules(text) for _ in "xx")
    image = tmp_path / "code.pgm"
    image.write_bytes(b"P5 %d 60 255\n" % len(row) + row * 60)

    done = subprocess.run(
        ["zbarimg", "--quiet", "--nodbus", "--raw", str(image)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.rstrip("\n") == text
