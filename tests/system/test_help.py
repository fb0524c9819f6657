"""Every command explains itself, wherever it is asked."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from netops.cli import root

Page = Callable[..., str]


@pytest.fixture
def page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Page:
    """Ask for help on words, in a folder without a site: one interpreter prints every page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETOPS_SITE", raising=False)

    def of(*words: str) -> str:
        assert root.run([*words, "--help"]) == 0, words
        return capsys.readouterr().out

    return of


def test_help_works_everywhere_without_a_site(page: Page) -> None:
    nouns = re.findall(r"^  ([a-z]+)  ", page(), re.MULTILINE)
    assert {"backup", "config", "journal", "schedule", "inventory", "init", "doctor"} <= set(nouns)
    for noun in nouns:
        assert "Usage: netops" in page(noun), noun


def test_every_backup_command_explains_itself(page: Page) -> None:
    commands = re.findall(r"^  ([a-z-]+)  ", page("backup"), re.MULTILINE)
    expected = {"run", "status", "list", "show", "verify", "restore", "init", "unlock"}
    assert expected <= set(commands)
    for command in commands:
        assert page("backup", command).count("\n") > 5, command
