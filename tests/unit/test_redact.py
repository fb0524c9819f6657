"""No registered secret leaves in any text."""

import json
import threading
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.cli.table import print_json
from netops.core import redact as redact_module
from netops.core.redact import redact, register


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redact_module, "_values", set())
    monkeypatch.setattr(redact_module, "_pattern", [])


def test_registered_value_is_masked_everywhere() -> None:
    register("correct horse")
    assert redact("a correct horse, the correct horse") == "a ***, the ***"


def test_what_commands_print_as_json_is_masked_like_their_tables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    register("correct horse")
    moment = datetime(2026, 11, 23, 8, tzinfo=UTC)
    print_json({"remark": "no correct horse", "at": moment, "name": "half \udcff"})
    said = {"remark": "no ***", "at": "2026-11-23T08:00:00.000Z", "name": "half \udcff"}
    assert json.loads(capsys.readouterr().out) == said


def test_longest_value_goes_first() -> None:
    register("horse")
    register("horsepower")
    assert redact("horsepower horse") == "*** ***"


def test_short_values_are_left_alone() -> None:
    register("abc")
    register("")
    assert redact("abc abcd") == "abc abcd"


def test_value_escaped_for_json_is_masked() -> None:
    register('pa"ss\\wörd')
    for text in (json.dumps({"x": 'pa"ss\\wörd'}), json.dumps('pa"ss\\wörd', ensure_ascii=False)):
        assert "ss" not in redact(text)


def test_lines_of_a_key_are_masked_one_by_one() -> None:
    register("-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\n}\n-----END KEY-----\n")
    assert redact("read MIIEpAIBAAKCAQEA") == "read ***"
    assert redact("} stays") == "} stays"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rest:https://joe:hunter2@host/x", "rest:https://joe:***@host/x"),
        ("postgresql://a:b@c:5432/d e", "postgresql://a:***@c:5432/d e"),
        ("https://a:p@ss@host/", "https://a:***@host/"),
        ("redis://:secret@host", "redis://:***@host"),
        ("https://host:8443/a@b", "https://host:8443/a@b"),
        ("joe@host", "joe@host"),
    ],
)
def test_passwords_in_addresses_are_masked(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_long_hostile_text_is_masked_in_time() -> None:
    register("correct horse")
    started = time.process_time()
    redact("a://" * 100_000 + ":" * 100_000 + "://x:" * 50_000)
    assert time.process_time() - started < 5


def test_threads_may_register_while_others_redact() -> None:
    failures: list[str] = []

    def work(number: int) -> None:
        for step in range(50):
            value = f"secret-{number}-{step}-x"
            register(value)
            if value in redact(f"<{value}>"):
                failures.append(value)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@given(
    st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=4),
    st.text(),
    st.text(),
)
def test_a_registered_value_never_survives(value: str, before: str, after: str) -> None:
    register(value)
    assert value not in redact(before + value + after)
