"""Every exit code that scripts, cron and monitoring may meet, through the command itself."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from netops.core import errors
from tests.faults.slow import in_the_middle, slow_down
from tests.require import need
from tests.sites import COMMAND, Done, Site, environment

pytestmark = pytest.mark.usefixtures("cold")


def one_line_and_hint(done: Done) -> None:
    """An error that kept the command from starting: nothing on stdout, two lines on stderr."""
    assert done.out == ""
    line, hint = done.err.splitlines()
    assert line.startswith("netops: ")
    assert hint.startswith("hint: ")


def test_0_ok(site: Site) -> None:
    assert site.netops("backup", "run").code == 0


def test_1_warning(site: Site) -> None:
    need("faketime")
    site.job["max_age"] = "100s"  # a warning from 90 s on
    site.write()
    site.backup()
    site.prefix = ("faketime", "-f", "+95s")
    done = site.netops("backup", "status")
    assert done.code == 1
    assert "WARNING" in done.out


def test_2_critical(site: Site) -> None:
    site.job["sources"] = ["/no/such/source"]
    site.write()
    done = site.netops("backup", "run")
    assert done.code == 2
    assert "hint (data): " in done.out


def test_3_unknown(site: Site) -> None:
    site.settings["backup"]["jobs"] = {}
    site.write()
    assert site.netops("backup", "status", "--plugin").code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("backup", "run", "nojob"),
        ("backup", "run", "--type", "incremental"),
        ("backup", "run", "--timeout", "soon"),
        ("backup", "run", "--timeout", "0s"),
        ("inventory", "reconcile", "--timeout", "0s"),
        ("backup", "run", "--jitter", "-5s"),
        ("backup", "run", "--no-such-option"),
        ("backup", "show", "nothing"),
        ("backup", "verify", "norepository"),
        ("backup", "restore", "data"),
        ("backup", "restore", "nojob", "--to", "/nonexistent/x"),
        ("backup", "list", "--limit", "0"),
        ("backup", "nonsense"),
        ("nonsense",),
        ("backup", "run", "\x1b[31mred\x07"),
        ("backup", "run", "-"),
        ("backup", "run", ""),
    ],
)
def test_64_usage(backed_up: Site, arguments: tuple[str, ...]) -> None:
    done = backed_up.netops(*arguments)
    assert done.code == 64, done
    one_line_and_hint(done)
    assert "\x1b" not in done.err


def test_64_no_jobs_to_run(site: Site) -> None:
    site.settings["backup"]["jobs"] = {}
    site.write()
    done = site.netops("backup", "run")
    assert done.code == 64
    one_line_and_hint(done)


def test_69_unreachable(site: Site) -> None:
    site.main.rename(site.directory / "gone")
    done = site.netops("backup", "run")
    assert done.code == 69
    assert "hint (data): create it with `netops backup init`, or mount" in done.out


def test_75_locked(site: Site) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main):
        assert site.netops("backup", "run").code == 75


def test_75_locked_is_nothing_cron_should_mail_about(site: Site) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main):
        done = site.netops("backup", "run", "--quiet")
    assert (done.code, done.out, done.err) == (75, "", "")


def test_77_access(site: Site) -> None:
    (site.directory / "password").write_text("wrong\n")
    done = site.netops("backup", "run")
    assert done.code == 77
    assert "password" in done.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("site: [", "netops.yaml"),
        ("site: {name: x, colour: red}", "colour"),
        ("backup: {jobs: {a: {sources: [/etc], repository: none}}}", "none"),
        ("\x00\x01", "netops.yaml"),
        ("- a\n- b\n", "netops.yaml"),
        ("site: &a [*a]\n", "netops.yaml"),
    ],
)
def test_78_configuration(site: Site, content: str, words: str) -> None:
    (site.directory / "netops.yaml").write_text(content)
    for command in (("backup", "run"), ("backup", "status"), ("config", "check")):
        done = site.netops(*command)
        assert done.code == 78, done
        assert done.err.startswith("netops: config: ")
        assert words in done.err
        assert "Traceback" not in done.err


def test_78_no_site_at_all(tmp_path: Path) -> None:
    env = environment({"HOME": str(tmp_path)})
    done = subprocess.run(
        [*COMMAND, "backup", "run"], env=env, cwd=tmp_path, capture_output=True, check=False
    )
    if Path("/etc/netops/netops.yaml").exists():
        pytest.skip("this machine has a site of its own")
    assert done.returncode == 78
    assert b"netops init" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_130_and_143_signals(site: Site, number: signal.Signals, code: int) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, _):
        process.send_signal(number)
        assert process.wait(60) == code
    assert "Traceback" not in (site.directory / "err").read_text()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("backup", "run", "nojob", "--json"), "usage"),
        (("backup", "status", "x", "--json"), "usage"),
    ],
)
def test_error_is_an_object_where_json_was_asked_for(
    backed_up: Site, arguments: tuple[str, ...], code: str
) -> None:
    done = backed_up.netops(*arguments)
    assert done.out == ""
    error = json.loads(done.err)["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["hint"]


def test_configuration_error_as_json_lists_every_mistake(site: Site) -> None:
    site.job["repository"] = "nowhere"
    site.job["policy"] = {"full": "whenever"}
    site.write()
    done = site.netops("backup", "run", "--json")
    assert done.code == 78
    error = json.loads(done.err)["error"]
    assert error["code"] == "config"
    assert len(error["mistakes"]) == 2


def test_every_error_class_has_a_code_of_the_table() -> None:
    known = {2, 64, 69, 75, 77, 78}
    found = [item for item in vars(errors).values() if isinstance(item, type)]
    classes = [item for item in found if issubclass(item, errors.NetopsError)]
    assert len(classes) > 8
    assert {item.exit_code for item in classes} == known
    assert len({item.code for item in classes}) == len(classes)


def test_reader_that_goes_away_is_no_error_of_ours(backed_up: Site) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COMMAND, "--site", str(backed_up.directory), "backup", "list"],
            env=environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_do_not_turn_a_good_run_into_a_failure(site: Site, closed: str) -> None:
    line = f'exec "$0" -m netops --site "$1" backup run {closed}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, str(site.directory)],
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done
    assert len(site.snapshots()) == 1


@pytest.mark.parametrize("device", ["/dev/full"])
def test_output_that_cannot_be_written_is_told_but_the_backup_stands(
    site: Site, device: str
) -> None:
    with Path(device).open("w") as full:
        done = subprocess.run(
            [*COMMAND, "--site", str(site.directory), "backup", "run"],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"No space left" in done.stderr
    assert site.states() == {"main": "OK", "offsite": "OK"}
