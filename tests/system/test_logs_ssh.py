"""Logs of a server over a real sshd, its forced command, and what neither may do."""

import json
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.backup_site import BackupSite, Outcome
from tests.require import need
from tests.sshd import Server, sshd

TODAY = datetime.now().astimezone()
LINE = f'192.0.2.1 - - [{TODAY:%d/%b/%Y:12:00}:{{:02}} {TODAY:%z}] "GET /{{}} HTTP/1.1" 200 12\n'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    need("sshd", "ssh-keygen", path="/usr/sbin:/usr/bin")
    with sshd(tmp_path / "server") as server:
        yield server


@pytest.fixture
def logs(tmp_path: Path, server: Server) -> Path:
    folder = tmp_path / "var log/nginx"
    folder.mkdir(parents=True)
    server.allow(folder)
    (folder / "access.log").write_text("".join(LINE.format(n, n) for n in range(5)))
    return folder


def source(server: Server, *paths: Path, **more: object) -> str:
    options = {
        "name": "web1",
        "host": "127.0.0.1",
        "port": server.port,
        "user": server.user,
        "private_key": f"file:{server.private_key}",
        "paths": [str(path) for path in paths],
        **more,
    }
    return f"sources: [{{logs: {json.dumps(options)}}}]\n"


def site_of(tmp_path: Path, text: str) -> BackupSite:
    return BackupSite(tmp_path / "site", text)


def collect(site: BackupSite) -> Outcome:
    return site.netops("backup", "logs", "collect", "--json")


def collected(site: BackupSite) -> bytes:
    """Return all collected content, in the order of names."""
    spool = site.state / "logs"
    files = [p for p in sorted(spool.rglob("*")) if p.is_file() and p.name != "ledger.json"]
    return b"".join(path.read_bytes() for path in files)


def pin(site: BackupSite, server: Server) -> Outcome:
    shown = subprocess.run(
        ["ssh-keygen", "-lf", server.directory / "host.pub"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[1]
    return site.netops("backup", "logs", "authorize", "web1", "--pin", shown)


def test_only_what_is_new_travels(tmp_path: Path, server: Server, logs: Path) -> None:
    site = site_of(tmp_path, source(server, logs, host_key=server.host_key))
    first = collect(site)
    assert first.code == 0, first
    assert first.result["lines"] == 5
    with (logs / "access.log").open("a") as file:
        file.write(LINE.format(9, "new"))
    second = collect(site)
    assert (second.result["lines"], second.result["files"]) == (1, 1)
    assert second.result["bytes"] == len(LINE.format(9, "new"))
    assert collected(site) == (logs / "access.log").read_bytes()
    assert collect(site).result["files"] == 0


def test_job_collects_backs_up_and_marks_itself(tmp_path: Path, server: Server, logs: Path) -> None:
    text = (
        source(server, logs, host_key=server.host_key) + "policy: {full: weekly, log: every 5m}\n"
    )
    site = site_of(tmp_path, text.replace("differential", ""))
    site.init()
    done = site.backup()
    assert done.code == 0, done
    kept = {path.decode() for path in site.kept()}
    assert any("/logs/web1/" in path and "access~" in path for path in kept)
    (listed,) = site.netops("backup", "list", "--json").data
    assert listed["data_class"] == "access-log"
    coverage = site.netops("backup", "logs", "coverage", "--days", "2", "--json")
    assert coverage.code == 0, coverage
    days = coverage.data["servers"][0]["days"]
    assert len(days) == 2
    assert {day["day"]: day["lines"] for day in days}[f"{TODAY:%Y-%m-%d}"] == 5


def test_server_that_is_down_does_not_keep_older_logs_from_the_backup(
    tmp_path: Path, server: Server, logs: Path
) -> None:
    site = site_of(tmp_path, source(server, logs, host_key=server.host_key))
    site.init()
    assert site.backup().code == 0
    server.stop()
    done = site.backup()
    assert done.code == 1, done
    assert "web1: logs not collected" in done.result["summary"]
    assert any(b"access~" in path for path in site.kept())
    alone = collect(site)
    assert alone.code == 69
    assert "does not answer" in alone.result["summary"]


def test_deleted_on_the_server_stays_here(tmp_path: Path, server: Server, logs: Path) -> None:
    site = site_of(tmp_path, source(server, logs, host_key=server.host_key))
    collect(site)
    content = (logs / "access.log").read_bytes()
    (logs / "access.log").unlink()
    assert collect(site).code == 0
    assert collected(site) == content
    days = site.netops("backup", "logs", "coverage", "--json").data["servers"][0]["days"]
    assert sum(day["lines"] for day in days) == 5


def test_unknown_host_key_is_refused_until_it_is_pinned(
    tmp_path: Path, server: Server, logs: Path
) -> None:
    site = site_of(tmp_path, source(server, logs))
    refused = collect(site)
    assert refused.code == 77, refused
    assert "is not known" in refused.result["summary"]
    assert "netops backup logs authorize web1" in refused.result["error"]["hint"]
    wrong = site.netops("backup", "logs", "authorize", "web1", "--pin", "SHA256:wrong")
    assert wrong.code == 77
    assert pin(site, server).code == 0
    assert collect(site).code == 0


def test_changed_host_key_is_refused_with_the_next_step(
    tmp_path: Path, server: Server, logs: Path
) -> None:
    site = site_of(tmp_path, source(server, logs))
    assert pin(site, server).code == 0
    assert collect(site).code == 0
    server.new_host_key()
    refused = collect(site)
    assert refused.code == 77, refused
    assert "has changed" in refused.result["summary"]
    assert "somebody stands between" in refused.result["error"]["hint"]
    assert pin(site, server).code == 0
    assert collect(site).code == 0


def test_key_the_server_does_not_know_is_refused(
    tmp_path: Path, server: Server, logs: Path
) -> None:
    site = site_of(tmp_path, source(server, logs, host_key=server.host_key))
    server.authorize("")
    refused = collect(site)
    assert refused.code == 77
    assert "does not accept the key" in refused.result["summary"]


def test_authorize_prints_a_line_that_works(tmp_path: Path, server: Server, logs: Path) -> None:
    site = site_of(tmp_path, source(server, logs, host_key=server.host_key))
    paper = site.netops("backup", "logs", "authorize", "web1")
    assert paper.code == 0, paper
    assert "It is the one that is pinned." in paper.out
    (line,) = [line for line in paper.out.splitlines() if line.startswith('command="')]
    assert ",restrict ssh-ed25519 " in line
    script = site.netops("backup", "logs", "authorize", "web1", "--script").out
    program = tmp_path / "netops-logs-export"
    program.write_text(script)
    program.chmod(0o755)
    server.authorize(line.replace("/usr/local/bin/netops-logs-export", str(program)))
    assert collect(site).code == 0


@pytest.mark.parametrize(
    "command",
    [
        "",
        "id",
        "cat /etc/passwd",
        "list; id",
        "list /etc",
        "read 0 1 0 10; id",
        "read 0 $(id) 0 10",
        "read 1 1 0 10",
        "read 0 1 0",
        "read -1 1 0 10",
        "read 0 ../../etc/passwd 0 10",
        "internal-sftp",
        "scp -t /tmp",
        "sh",
    ],
)
def test_forced_command_does_nothing_else(
    server: Server, logs: Path, tmp_path: Path, command: str
) -> None:
    done = ssh(server, command, stdin=b"echo owned > owned\n")
    assert done.returncode != 0
    assert done.stdout == b""
    assert b"netops-logs-export:" in done.stderr


def test_forced_command_reads_nothing_outside(server: Server, logs: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (logs / "link.log").symlink_to(secret)
    (logs / "sub").symlink_to(tmp_path)
    listed = ssh(server, "list").stdout
    assert b"access.log" in listed
    assert b"link" not in listed
    assert b"secret" not in listed
    inode = secret.stat().st_ino
    assert ssh(server, f"read 0 {inode} 0 100").stdout == b""
    before = {path: path.stat() for path in logs.rglob("*")}
    ssh(server, "list")
    ssh(server, f"read 0 {(logs / 'access.log').stat().st_ino} 0 1000000")
    assert {path: path.stat().st_mtime_ns for path in logs.rglob("*")} == {
        path: facts.st_mtime_ns for path, facts in before.items()
    }


def test_forwarding_and_terminals_are_refused(server: Server, logs: Path) -> None:
    done = ssh(server, "list", "-W", "127.0.0.1:22")
    assert done.returncode != 0
    assert b"access.log" not in done.stdout


def ssh(
    server: Server, command: str, *options: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    known = server.directory / "known"
    known.write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n")
    return subprocess.run(
        [
            *("ssh", "-F", "none", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={known}"),
            *("-o", "IdentitiesOnly=yes", "-i", str(server.private_key), "-p", str(server.port)),
            *options,
            f"{server.user}@127.0.0.1",
            *([command] if command else []),
        ],
        input=stdin,
        capture_output=True,
        timeout=30,
        check=False,
    )


def evil(tmp_path: Path, body: str) -> Path:
    program = tmp_path / "evil"
    program.write_text(f"#!/bin/sh\ncase $SSH_ORIGINAL_COMMAND in list)\n{body}\nesac\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (r"printf '0 5 3 1.0 ../../../escape\0end 0\0';;", "something impossible"),
        (r"printf '0 5 3 1.0 /etc/cron.d/x\0end 0\0';;", "something impossible"),
        (r"printf '0 5 3 1.0 a//b\0end 0\0';;", "something impossible"),
        (r"printf '7 5 3 1.0 a\0end 0\0';;", "something impossible"),
        (r"printf '0 5 -3 1.0 a\0end 0\0';;", "something impossible"),
        (r"printf '0 5 3 nan a\0end 0\0';;", "something impossible"),
        (r"printf 'nonsense\0end 0\0';;", "cannot be read"),
        (r"printf '0 5 3 1.0 a\0';;", "no end"),
        (r"printf '0 5 3 1.0 a\0end 0\0';; read*) cat /dev/zero;;", "sends more than 3 bytes"),
        (r"yes | head -c 70000000;;", "sends more than"),
        (r"printf '0 5 4611686018427387903 1.0 a\0end 0\0';; read*) :;;", "left for the next run"),
        (r"exit 3;;", "ended with 3"),
        (r"kill -9 $PPID;;", "connection ended|ended with|does not answer"),
    ],
)
def test_lying_server_ends_in_a_clear_error(
    tmp_path: Path, server: Server, logs: Path, body: str, complaint: str
) -> None:
    import re

    server.allow(logs, program=evil(tmp_path, body))
    text = source(server, logs, host_key=server.host_key, max_per_run="1MB", deadline="20s")
    site = site_of(tmp_path, text)
    done = collect(site)
    assert done.code in {1, 2, 69}, done
    assert re.search(complaint, done.result["summary"]), done
    written = [p for p in (site.state / "logs").rglob("*") if p.is_file()]
    assert sum(path.stat().st_size for path in written) < 1_000_000
    assert not list(tmp_path.rglob("escape*"))
    # Nothing is left behind that hinders the honest server.
    server.allow(logs)
    assert collect(site).result["lines"] == 5


def test_server_that_never_ends_meets_the_deadline(
    tmp_path: Path, server: Server, logs: Path
) -> None:
    body = r"printf '0 5 3 1.0 a\0end 0\0';; read*) sleep 60;;"
    server.allow(logs, program=evil(tmp_path, body))
    site = site_of(tmp_path, source(server, logs, host_key=server.host_key, deadline="2s"))
    done = collect(site)
    assert done.code == 2
    assert "no end after 2 s" in done.result["summary"]
    assert done.result["duration_s"] < 10


def test_hostile_names_are_kept_apart_and_below_the_server(
    tmp_path: Path, server: Server, logs: Path
) -> None:
    for name in ("a b", "new\nline", "..x", "-rf", "ü.log", "a%20b"):
        (logs / name).write_text(f"[23/Nov/2026:10:00:00 +0800] {name!r}\n")
    site = site_of(tmp_path, source(server, logs, host_key=server.host_key))
    assert collect(site).result["files"] == 7
    spool = site.state / "logs"
    assert all(path.name.isascii() and "\n" not in path.name for path in spool.rglob("*"))
    assert not (spool / "web1").stat().st_mode & 0o077
