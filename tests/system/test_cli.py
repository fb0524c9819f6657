"""The command line as people and other programs meet it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from netops import __version__
from tests.sites import COMMAND, PASSWORD, Site, environment

pytestmark = pytest.mark.usefixtures("cold")


def run(*arguments: str, cwd: Path | str = "/", **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(env),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_version_is_one_line() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"netops {__version__}\n", "")
    assert run("--version", "backup").stdout == done.stdout


def test_noun_alone_shows_what_it_can_do(tmp_path: Path) -> None:
    done = run("backup", cwd=tmp_path)
    assert done.returncode == 64
    assert "restore" in done.stdout + done.stderr


def test_mistyped_command_is_answered_with_the_nearest() -> None:
    done = run("bakcup")
    assert done.returncode == 64
    assert "backup" in done.stderr


def test_no_secret_is_ever_shown_or_stored(site: Site) -> None:
    outputs = []
    (site.directory / "password").write_text(PASSWORD)
    for arguments in (
        ("backup", "run"),
        ("--debug", "backup", "run", "--json"),
        ("backup", "list", "--json"),
        ("config", "show"),
        ("journal", "list", "--json"),
    ):
        done = site.netops(*arguments)
        outputs += [done.out, done.err]
    (site.directory / "password").write_text("wrong-secret-0815")
    done = site.netops("--debug", "backup", "run")
    outputs += [done.out, done.err]
    assert PASSWORD not in "".join(outputs)
    assert "wrong-secret-0815" not in "".join(outputs)
    for path in site.state.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert PASSWORD.encode() not in content, path
            assert b"wrong-secret-0815" not in content, path


def test_no_secret_is_in_any_argument_list(site: Site) -> None:
    from tests.faults.slow import in_the_middle, slow_down
    from tests.sites import descendants

    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, _):
        for words in descendants(process.pid).values():
            assert PASSWORD not in "\0".join(words)


def test_json_of_a_run_is_the_report_and_nothing_else(site: Site) -> None:
    done = site.netops("backup", "run", "--json")
    report = json.loads(done.out)
    assert done.err == ""
    assert set(report) >= {"run", "verb", "started_at", "finished_at", "status", "exit_code"}
    assert report["exit_code"] == done.code


def test_table_columns_line_up_also_for_chinese_and_tell_control_characters(site: Site) -> None:
    site.settings["backup"]["jobs"] = {"a": dict(site.job), "long-name": dict(site.job)}
    site.write()
    table = site.netops("backup", "run").out.splitlines()
    column = table[0].index("STATUS")
    assert {line[column:].split()[0] for line in table[1:5]} == {"OK"}


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_output_survives_any_locale(site: Site, locale: str) -> None:
    folder = site.source / "資料夾"
    folder.mkdir()
    site.job["sources"] = [str(folder)]
    site.job["owner"] = "網路中心"
    site.write()
    env = {"LC_ALL": locale, "LANG": locale}
    done = site.netops("backup", "run", env=env)
    assert done.code == 0, done
    shown = site.netops("backup", "show", site.backups()[0]["id"], env=env)
    assert shown.code == 0, shown


def test_ascii_only_output_does_not_end_in_an_error(site: Site) -> None:
    site.job["owner"] = "網路中心"
    site.write()
    site.backup()
    env = {"PYTHONIOENCODING": "ascii"}
    for arguments in (
        ("backup", "show", site.backups()[0]["id"]),
        ("backup", "list", "--json"),
        ("backup", "show", site.backups()[0]["id"], "--json"),
        ("backup", "run", "網"),
    ):
        done = site.netops(*arguments, env=env)
        assert "internal error" not in done.err, (arguments, done)
        assert done.code in {0, 64}


def test_dash_m_and_the_installed_command_are_one(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("netops")
    if not script.exists():
        pytest.skip("netops is not installed beside this interpreter")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=False)
    assert done.stdout == run("--version").stdout


def test_jitter_waits_at_most_as_long_as_said_and_ends_on_a_signal(site: Site) -> None:
    process = site.start("backup", "run", "--jitter", "1h")
    from tests.sites import wait_until

    wait_until(lambda: list((site.state / "locks" / "runs").glob("*.lock")), "the run waits")
    process.terminate()
    assert process.wait(20) == 143
    assert site.netops("backup", "run", "--jitter", "1s").code == 0
