"""What netops itself costs: starting, status, an unchanged re-run, memory. Prints, judges nothing."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.benchmarks.pairs import measure, peak_bytes, table
from tests.sites import COMMAND, Site, environment, make_site

ROUNDS = int(os.environ.get("NETOPS_BENCHMARK_ROUNDS", "15"))
ROWS = int(os.environ.get("NETOPS_BENCHMARK_ROWS", "1000000"))

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = make_site(tmp_path_factory.mktemp("start") / "site", files=200)
    made.backup()
    made.backup()
    return made


def show(capsys: pytest.CaptureFixture[str], *lines: str) -> None:
    with capsys.disabled():
        print("", *lines, sep="\n")


def test_start_up_and_status(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--site", str(site.directory)]
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "netops --version": [*COMMAND, "--version"],
        "netops backup status": [*COMMAND, *here, "backup", "status"],
        "netops backup status --plugin": [*COMMAND, *here, "backup", "status", "--plugin"],
        "netops backup run --due (idle)": [*COMMAND, *here, "backup", "run", "--due"],
        "netops --help": [*COMMAND, "--help"],
    }
    found = measure(commands, rounds=ROUNDS, env=environment(), cwd=site.directory)
    show(capsys, *table(found, "python -c pass"))


def script(site: Site, parent: str) -> str:
    """Return the restic commands of an unchanged differential run, as a person would write them."""
    restic = "restic --no-cache --password-file password"
    tags = " ".join(f"--tag netops-{name}" for name in ("job=data", "type=differential", "x=y"))
    note = site.state / "journal" / "checkpoint.note"
    return f"""#!/bin/sh
set -e
{restic} --repo {site.main} --json backup --host h --parent {parent} {tags} -- {site.source} {note} > out
id=$(sed -n 's/.*"snapshot_id":"\\([0-9a-f]*\\)".*/\\1/p' out)
test -f {site.main}/snapshots/$id*
{restic} --repo {site.offsite} copy --from-repo {site.main} --from-password-file password -- $id > out
"""


def test_unchanged_rerun_beside_a_shell_script(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    parent = site.backup("--type", "full")["snapshot"]
    (site.directory / "script").write_text(script(site, parent))
    run = [*COMMAND, "--site", str(site.directory), "backup", "run", "data"]
    commands = {
        "the same restic commands in sh": ["sh", "script"],
        "netops backup run": [*run, "--type", "differential"],
    }
    found = measure(commands, rounds=ROUNDS, env=environment(), cwd=site.directory)
    netops, shell = found["netops backup run"], found["the same restic commands in sh"]
    show(
        capsys,
        *table(found, "the same restic commands in sh"),
        f"netops above the script: {netops.wall - shell.wall:.3f} s wall, "
        f"{netops.cpu - shell.cpu:.3f} s processor",
    )


def fill(database: Path, rows: int) -> None:
    """Put `rows` good backups of forty jobs, each in two places, into a catalogue."""
    with closing(sqlite3.connect(database)) as link:
        link.execute("PRAGMA synchronous=OFF")
        link.executescript(
            f"""
            CREATE TEMP TABLE n AS WITH RECURSIVE c (i) AS
                (SELECT 10 UNION ALL SELECT i + 1 FROM c WHERE i < {rows // 3}) SELECT i FROM c;
            INSERT INTO backup (id, run_id, seq, job, repository, kind, started_at, finished_at,
                status, snapshot_id, sources)
            SELECT printf('B%025d', i), 'R', i, 'data' || CASE WHEN i % 40 THEN i % 40 ELSE '' END,
                'main', CASE WHEN i % 30 THEN 'log' ELSE 'full' END, '2026-11-01T00:00:00.000Z',
                '2026-11-01T00:00:00.000Z', 0, printf('%064x', i), '[]' FROM n;
            INSERT INTO placement (backup_id, location, role, status, snapshot_id, started_at,
                listed_at, job, kind, seq)
            SELECT b.id, p.place, p.role, 0, b.snapshot_id, b.started_at, b.started_at, b.job,
                b.kind, b.seq
            FROM backup b, (SELECT 'main' place, 'primary' role UNION SELECT 'offsite', 'offsite') p
            WHERE b.seq >= 10;
            """
        )
        link.commit()


def test_status_and_memory_with_a_million_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = make_site(tmp_path / "site")
    site.backup()
    fill(site.state / "netops.db", ROWS)
    here = [*COMMAND, "--site", str(site.directory)]
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "netops backup list": [*here, "backup", "list"],
        "netops backup status": [*here, "backup", "status", "--json"],
    }
    site.job["max_age"] = "1000d"
    site.write()
    found = measure(commands, rounds=max(ROUNDS // 3, 3), env=environment(), cwd=site.directory)
    lines = [f"{ROWS} rows in the catalogue", *table(found, "python -c pass")]
    for words in (("status",), ("list",), ("run", "data", "--type", "full")):
        peak = peak_bytes(site.start("backup", *words))
        lines.append(f"peak memory of netops backup {words[0]}: {peak / 1e6:.1f} MB")
    show(capsys, *lines)
