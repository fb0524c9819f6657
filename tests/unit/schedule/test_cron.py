"""Crontab lines, and the block between the marks."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.cadence import parse_cadence
from netops.core.errors import ConfigError, IntegrityError
from netops.schedule.cron import BEGIN, END, crontab, install, merge
from netops.schedule.model import Work

NETOPS = Path("/usr/bin/netops")
CONFIG = Path("/etc/netops/netops.yaml")


def job(name: str, *cadences: str) -> Work:
    kinds = {str(index): parse_cadence(text) for index, text in enumerate(cadences)}
    return Work(name, ("backup", "run", name, "--due", "--quiet"), kinds, {})


def lines(*work: Work, user: str | None = "root") -> list[str]:
    text = crontab(work, executable=NETOPS, config=CONFIG, user=user)
    return [line for line in text.splitlines() if line[:1] in "*0123456789"]


@pytest.mark.parametrize(
    ("cadences", "minutes"),
    [
        (["monthly", "daily", "every 15m"], "*/15"),
        (["monthly"], "0"),
        (["weekly on sunday at 03:00", "daily at 02:30"], "*/30"),
        (["daily at 02:10", "daily at 03:45"], "10,45"),
        (["every 7m"], "*"),
        (["every 30s"], "*"),
        (["*/5 8-17 * * 1-5", "hourly"], "*/5"),
        (["every 6h", "never"], "0"),
    ],
)
def test_a_job_is_looked_at_every_hour_at_the_minutes_of_its_cadences(
    cadences: list[str], minutes: str
) -> None:
    (line,) = lines(job("etc", *cadences))
    assert line.startswith(f"{minutes} * * * * root /usr/bin/netops --site {CONFIG} backup run etc")


def test_jitter_never_makes_a_short_cadence_skip_a_run() -> None:
    assert lines(job("a", "daily"))[0].endswith("--jitter 60s")
    assert lines(job("a", "every 15m"))[0].endswith("--jitter 24s")
    assert lines(job("a", "every 20s"))[0].endswith("--quiet")


def test_without_catching_up_a_job_is_looked_at_at_its_own_times_only() -> None:
    work = job(
        "a", "weekly on sunday at 03:00", "daily at 02:30", "0 3 * * 0", "every 30s", "never"
    )
    text = crontab([work], executable=NETOPS, config=CONFIG, user="root", catch_up=False)
    times = [line.split(" root ")[0] for line in text.splitlines() if " root " in line]
    assert times == ["0 3 * * 0", "30 2 * * *", "* * * * *"]


@pytest.mark.parametrize("catch_up", [True, False])
def test_jobs_that_never_run_get_no_line(catch_up: bool) -> None:
    text = crontab([job("a", "never")], executable=NETOPS, config=CONFIG, catch_up=catch_up)
    assert "# a: never" in text.splitlines()
    assert "backup run" not in text


def test_path_is_set_without_touching_the_user_s_other_lines() -> None:
    own = crontab([job("a", "daily")], executable=NETOPS, config=CONFIG)
    assert not any(line.startswith("PATH=") for line in own.splitlines())
    assert " PATH=/usr/local/sbin:" in own
    shared = crontab([job("a", "daily")], executable=NETOPS, config=CONFIG, user="root")
    assert "PATH=/usr/local/sbin" in [line[:20] for line in shared.splitlines()]


@pytest.mark.parametrize("name", ["50% done", "it's", 'a "b"', "$HOME `id`", "財務 資料", "a;b&c"])
def test_the_shell_sees_the_name_as_one_word(name: str) -> None:
    (line,) = lines(job(name, "daily"), user=None)
    command = line.split(" ", 5)[5]
    assert "%" not in command.replace("\\%", "")
    seen = command.replace("\\%", "%").replace("/usr/bin/netops", "/usr/bin/printf '[%s]'")
    answer = subprocess.run(["/bin/sh", "-c", seen], capture_output=True, text=True, check=True)
    assert f"[{name}]" in answer.stdout


@pytest.mark.parametrize("name", ["a\\b", "x" * 1000])
def test_what_cron_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        lines(job(name, "daily"))


def test_a_user_column_takes_only_user_names() -> None:
    with pytest.raises(ConfigError):
        lines(job("a", "daily"), user="root rm -rf")


@given(st.text(), st.text())
def test_merging_again_changes_nothing_and_keeps_what_was_there(before: str, after: str) -> None:
    block = f"{BEGIN}\n1 2 3 4 5 x\n{END}\n"
    first = merge(before, block)
    assert merge(first, block) == first
    assert first.startswith(before)
    assert merge(first + after, block) == first + after
    assert (
        merge(first + after, f"{BEGIN}\n{END}\n")
        == first.removesuffix(block) + f"{BEGIN}\n{END}\n" + after
    )


@pytest.mark.parametrize(
    "damaged", [f"{BEGIN}\nx\n", f"{END}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{END}\n" * 2]
)
def test_a_damaged_block_is_left_alone(damaged: str) -> None:
    with pytest.raises(IntegrityError, match="mark"):
        merge(damaged, f"{BEGIN}\n{END}\n")


def test_a_written_file_is_readable_by_cron_and_written_once(tmp_path: Path) -> None:
    path = tmp_path / "cron.d" / "netops"
    path.parent.mkdir()
    path.write_text("# ours\n1 * * * * root true\n")
    block = crontab([job("etc", "daily")], executable=NETOPS, config=CONFIG, user="root")
    assert install(path, block)
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.stat().st_uid == os.getuid()
    assert path.read_text() == "# ours\n1 * * * * root true\n" + block
    assert not install(path, block)


def test_names_that_cron_skips_are_refused(tmp_path: Path) -> None:
    (tmp_path / "cron.d").mkdir()
    with pytest.raises(ConfigError, match="skips"):
        install(tmp_path / "cron.d" / "netops.cron", "")


def test_relative_paths_are_refused() -> None:
    with pytest.raises(ConfigError, match="absolute"):
        crontab([job("a", "daily")], executable=Path("netops"), config=CONFIG)


def test_words_survive_quoting() -> None:
    (line,) = lines(job("a b", "daily"))
    assert shlex.split(line)[5:] == [
        "root", "/usr/bin/netops", "--site", str(CONFIG), "backup", "run", "a b", "--due",
        "--quiet", "--jitter", "60s",
    ]  # fmt: skip
