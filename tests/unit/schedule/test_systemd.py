"""Units that systemd accepts, whatever jobs and paths are called."""

import shutil
import subprocess
from pathlib import Path

import pytest

from netops.core.cadence import parse_cadence
from netops.core.errors import ConfigError
from netops.schedule.model import Work
from netops.schedule.systemd import escape, install, quote, units
from tests.require import need

CONFIG = Path("/etc/netops/net ops 50%.yaml")
TRUE = Path(shutil.which("true") or "/bin/true")
NAMES = [
    "etc",
    "a b",
    "財務 資料/庫-1 50%",
    "$HOME",
    'it\'s "x"',
    ".hidden",
    "-dash",
    "back\\",
    "%i",
]


def job(name: str, *cadences: str, extra: tuple[str, ...] = ()) -> Work:
    kinds = {str(index): parse_cadence(text) for index, text in enumerate(cadences or ("daily",))}
    return Work(name, ("backup", "run", name, "--due", "--quiet", *extra), kinds, {})


def made(*work: Work, executable: Path = TRUE, user: str | None = None) -> dict[str, str]:
    return units(work, executable=executable, config=CONFIG, user=user)


def settings(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_escaped_as_systemd_does(name: str) -> None:
    need("systemd-escape")
    answer = subprocess.run(
        ["systemd-escape", "--", name], capture_output=True, text=True, check=True
    )
    assert escape(name) == answer.stdout.rstrip("\n")
    back = subprocess.run(
        ["systemd-escape", "--unescape", "--", escape(name)], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert back.stdout.rstrip("\n") == name


def test_jobs_share_one_template() -> None:
    files = made(*(job(name) for name in NAMES))
    services = [name for name in files if name.endswith(".service")]
    assert services == ["netops-backup-run@.service"]
    assert len(files) == len(NAMES) + 1
    assert settings(files[services[0]], "ExecStart") == [
        f':{TRUE} --site "/etc/netops/net ops 50%%.yaml" backup run %I --due --quiet'
    ]


def test_a_job_with_a_command_of_its_own_gets_its_own_service() -> None:
    files = made(job("a"), job("b", extra=("--jitter", "5s")))
    assert "--jitter 5s" in files["netops-backup-run@b.service"]
    assert "--jitter" not in files["netops-backup-run@.service"]


def test_a_command_without_the_name_gets_a_plain_service() -> None:
    work = Work("watch", ("monitor", "run"), {"poll": parse_cadence("every 5m")}, {})
    assert sorted(made(work)) == ["netops-watch.service", "netops-watch.timer"]


def test_a_timer_looks_at_every_cadence_and_at_rare_ones_daily() -> None:
    work = job("etc", "monthly on 1 at 04:00", "daily at 02:30", "every 15m", "never")
    timer = made(work)["netops-backup-run@etc.timer"]
    assert settings(timer, "OnCalendar") == [
        "*-*-* 04:00:00",
        "*-*-* 02:30:00",
        "*-*-* *:0/15:00 UTC",
    ]
    assert settings(timer, "Persistent") == ["true"]
    assert settings(timer, "RandomizedDelaySec") == ["45s"]
    assert settings(timer, "FixedRandomDelay") == ["true"]


def test_jobs_that_never_run_get_no_units() -> None:
    assert made(job("a", "never")) == {}


def test_a_lock_held_is_no_failure_and_a_warning_is() -> None:
    service = made(job("a"))["netops-backup-run@.service"]
    assert settings(service, "SuccessExitStatus") == ["75"]
    assert settings(service, "Type") == ["oneshot"]


def test_the_user_is_named_only_when_given() -> None:
    assert settings(made(job("a"), user="netops")["netops-backup-run@.service"], "User") == [
        "netops"
    ]
    assert settings(made(job("a"))["netops-backup-run@.service"], "User") == []
    with pytest.raises(ConfigError):
        made(job("a"), user="root\nExecStartPre=/bin/sh")


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("--due", "--due"),
        ("a b", '"a b"'),
        ("50%", "50%%"),
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
    ],
)
def test_words_are_quoted(word: str, quoted: str) -> None:
    assert quote(word) == quoted


def test_names_too_long_for_a_unit_are_refused() -> None:
    with pytest.raises(ConfigError, match="too long"):
        made(job("庫" * 30))


def test_an_executable_that_systemd_refuses_is_refused() -> None:
    with pytest.raises(ConfigError, match="quotes"):
        made(job("a"), executable=Path('/opt/a"b/netops'))


def test_systemd_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    need("systemd-analyze")
    executable = tmp_path / "bin 50%d $X" / "netops"
    executable.parent.mkdir()
    executable.write_text("#!/bin/sh\n")
    executable.chmod(0o755)
    cadences = (
        "monthly on 31 at 04:00",
        "*/5 8-17 * * 1-5",
        "0 0 1 jan,jun *",
        "every 90s",
        "hourly",
    )
    work = [
        *(job(name, *cadences) for name in NAMES),
        Work("w", ("monitor", "run"), {"": parse_cadence("weekly")}, {}),
    ]
    folder = tmp_path / "units"
    folder.mkdir()
    files = units(work, executable=executable, config=CONFIG, user="root")
    install(files, folder, config=CONFIG)
    timers = [f"./{path.name}" for path in sorted(folder.glob("*.timer"))]
    assert len(timers) == len(work)
    answer = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *timers], cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (answer.returncode, answer.stderr) == (0, "")


def test_systemd_would_notice_a_mistake(tmp_path: Path) -> None:
    need("systemd-analyze")
    files = made(job("a"))
    files["netops-backup-run@a.timer"] = files["netops-backup-run@a.timer"].replace(
        "*-*-*", "*-*-32"
    )
    install(files, tmp_path, config=CONFIG)
    answer = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "./netops-backup-run@a.timer"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.stderr


def test_installing_again_writes_nothing_and_names_what_is_stale(tmp_path: Path) -> None:
    first = install(made(job("a"), job("b b")), tmp_path, config=CONFIG)
    assert len(first.written) == 3
    assert first.commands == (
        "systemctl daemon-reload",
        "systemctl enable --now netops-backup-run@a.timer 'netops-backup-run@b\\x20b.timer'",
    )
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in first.written)
    again = install(made(job("a"), job("b b")), tmp_path, config=CONFIG)
    assert (len(again.written), len(again.unchanged)) == (0, 3)
    less = install(made(job("a")), tmp_path, config=CONFIG)
    assert [path.name for path in less.stale] == ["netops-backup-run@b\\x20b.timer"]
    assert less.commands[0] == "systemctl disable --now 'netops-backup-run@b\\x20b.timer'"
    assert less.commands[1].startswith("rm ")


def test_files_of_others_are_neither_replaced_nor_called_stale(tmp_path: Path) -> None:
    (tmp_path / "netops-mine.timer").write_text("[Timer]\n")
    assert install(made(job("a")), tmp_path, config=CONFIG).stale == ()
    (tmp_path / "netops-backup-run@b.timer").write_text("[Timer]\n")
    with pytest.raises(ConfigError, match="not written for"):
        install(made(job("b")), tmp_path, config=CONFIG)
    with pytest.raises(ConfigError, match="not written for"):
        install(made(job("a")), tmp_path, config=Path("/etc/other.yaml"))
