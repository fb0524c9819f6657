"""A start from the warm interpreter is the start that users make, or the tests that use it prove nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm, warm_server
from tests.sites import ROOT, Site, environment


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["backup", "--help"],
        ["backup", "list", "--json"],
        ["journal", "verify"],
        ["config", "check"],
        ["backup", "show", "no-such"],
        ["no-such-command"],
        ["config", "show"],
    ],
    ids=" ".join,
)
def test_warm_and_cold_say_the_same(
    backed_up: Site, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    arguments = ["--site", str(backed_up.directory), *words]

    def run() -> tuple[int, str, str]:
        done = warm.completed(arguments, env=environment(), cwd=backed_up.directory)
        return done.returncode, done.stdout, done.stderr

    run()  # the first of its kind is cold
    started_warm = run()
    monkeypatch.setenv("NETOPS_TEST_COLD", "1")
    assert run() == started_warm


def test_each_warm_start_has_its_own_environment_and_directory(site: Site) -> None:
    (site.directory / "elsewhere").mkdir()
    for number in range(3):
        (site.directory / "elsewhere" / "netops.yaml").write_text(f"site: {{name: n{number}}}\n")
        env = environment({"NETOPS_SITE": "."})
        done = warm.completed(["config", "show"], env=env, cwd=site.directory / "elsewhere")
        assert f"n{number}" in done.stdout, done


def test_nothing_of_netops_is_loaded_before_the_fork() -> None:
    program = (
        "import importlib, sys\n"
        f"for name in {warm_server.OUTSIDE!r}: importlib.import_module(name)\n"
        "sys.exit(any(name.partition('.')[0] == 'netops' for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=Path(ROOT), check=False)
    assert done.returncode == 0
