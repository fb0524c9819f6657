"""The antivirus gate, by the real command, a real clamd and a real repository."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import clamav
from tests.backup_site import BackupSite
from tests.require import need


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[clamav.Daemon]:
    need("clamd", "sigtool")
    directory = tmp_path_factory.mktemp("av")
    clamav.write_signatures(directory / "db")
    with clamav.clamd(directory) as daemon:
        yield daemon


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "letter.txt").write_text("Dear colleagues")
    return folder


def job(data: Path, daemon: clamav.Daemon, *options: str, sources: str = "") -> str:
    scan = [f"socket: {daemon.socket}", f"database: {daemon.database}", *options]
    return f"sources: [{sources or data}]\nscan: {{engine: clamav, {', '.join(scan)}}}\n"


def site_of(tmp_path: Path, text: str) -> BackupSite:
    site = BackupSite(tmp_path / "site", text)
    site.init()
    return site


def test_clean_files_pass_and_only_new_ones_are_scanned_again(
    tmp_path: Path, data: Path, daemon: clamav.Daemon
) -> None:
    site = site_of(tmp_path, job(data, daemon))
    first = site.backup()
    assert first.code == 0, first
    scan = first.result["scan"]
    assert (scan["files"], scan["scanned"], scan["signatures"]) == (1, 1, "27777")

    (data / "new.txt").write_text("new")
    second = site.backup("--type", "differential")
    assert second.code == 0, second
    assert second.result["scan"]["scanned"] == 1

    full = site.backup("--type", "full")
    assert full.result["scan"]["scanned"] == 2
    assert stat.S_IMODE((site.state / "scan").stat().st_mode) == 0o700
    assert [path.name for path in (site.state / "scan").iterdir()] == ["data.index"]


HOSTILE = [
    b"a*[?\nb",
    b"[!x]",
    b"**",
    b"back\\slash",
    b" spaces ",
    b"$HOME",
    b"#hash",
    b"!bang",
    b"caf\xe9",
    b"quote'\"",
    b"-dash",
    b"\xe7\x97\x85\xe6\xaf\x92",
]


def test_infected_files_are_left_out_whatever_their_names_and_no_other(
    tmp_path: Path, data: Path, daemon: clamav.Daemon
) -> None:
    root = os.fsencode(data)
    for name in HOSTILE:
        write(root + b"/" + name, clamav.EICAR)
    innocent = [b"axx\nb", b"x", b"zz", b"backslash", b"spaces", b"HOME", b"hash", b"bang", b"caf?"]
    innocent += [b"a*[?\nb2", b"a*[?", b"caf\xe8", b"[!x]/[!x]"]
    (data / "sub").mkdir()
    for name in innocent[:-1]:
        write(root + b"/" + name, b"innocent")
        write(root + b"/sub/" + name, b"innocent")
    site = site_of(tmp_path, job(data, daemon))
    done = site.backup()
    assert done.code == 1, done
    assert f"{len(HOSTILE)} infected file(s) left out" in done.result["summary"]
    assert done.result["scan"]["infected_count"] == len(HOSTILE)
    back = os.fsencode(site.restored(tmp_path / "back")) + root
    assert names(back) == {*innocent[:-1], b"letter.txt", b"sub"}
    assert names(back + b"/sub") == set(innocent[:-1])
    # They are still there, and still left out when nothing else has changed.
    again = site.backup("--type", "differential")
    assert again.code == 1
    assert again.result["scan"]["infected_count"] == len(HOSTILE)


def names(directory: bytes) -> set[bytes]:
    return {os.fsencode(path.name) for path in Path(os.fsdecode(directory)).iterdir()}


def write(path: bytes, content: bytes) -> None:
    Path(os.fsdecode(path)).write_bytes(content)


def test_findings_are_in_the_journal(tmp_path: Path, data: Path, daemon: clamav.Daemon) -> None:
    (data / "evil.exe").write_bytes(clamav.EICAR)
    site = site_of(tmp_path, job(data, daemon))
    run = site.backup().data["run"]
    entries = site.netops("journal", "list", "--json").data
    assert run in str(entries)
    shown = [e for e in entries if e.get("run") == run and "evil.exe" in str(e)]
    assert shown, entries
    assert clamav.SIGNATURE in str(shown)


def test_abort_keeps_nothing(tmp_path: Path, data: Path, daemon: clamav.Daemon) -> None:
    (data / "evil.exe").write_bytes(clamav.EICAR)
    site = site_of(tmp_path, job(data, daemon, "on_infected: abort"))
    done = site.backup()
    assert done.code == 2, done
    assert done.result["error"]["code"] == "infected"
    assert done.result["error"]["scan"]["infected"][0]["path"] == str(data / "evil.exe")
    assert not list((site.directory / "repository/snapshots").iterdir())
    (data / "evil.exe").unlink()
    assert site.backup().code == 0


def test_quarantine_moves_the_file_and_records_its_name(
    tmp_path: Path, data: Path, daemon: clamav.Daemon
) -> None:
    away = data / "quarantine"  # inside the source: it must not be backed up
    (data / "evil\n.exe").write_bytes(clamav.EICAR)
    (data / "evil\n.exe").chmod(0o755)
    site = site_of(tmp_path, job(data, daemon, f"quarantine: {away}"))
    done = site.backup()
    assert done.code == 1, done
    (infected,) = done.result["scan"]["infected"]
    moved = Path(infected["moved_to"])
    assert moved.read_bytes() == clamav.EICAR
    assert stat.S_IMODE(moved.stat().st_mode) == 0o400
    assert stat.S_IMODE(away.stat().st_mode) == 0o700
    record = moved.with_suffix(".json").read_text()
    assert os.fsencode(data / "evil\n.exe").hex() in record
    assert not (data / "evil\n.exe").exists()
    assert site.kept() - {p for p in site.kept() if b"checkpoint" in p} == {
        os.fsencode(data / "letter.txt")
    }
    assert site.backup("--type", "differential").code == 0


def test_old_file_moved_into_the_tree_is_scanned(
    tmp_path: Path, data: Path, daemon: clamav.Daemon
) -> None:
    """Its times are older than the last backup: times alone would miss it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "evil").write_bytes(clamav.EICAR)
    site = site_of(tmp_path, job(data, daemon))
    assert site.backup().code == 0
    outside.rename(data / "inside")
    done = site.backup("--type", "differential")
    assert done.code == 1
    assert done.result["scan"]["infected"][0]["path"] == str(data / "inside/evil")


def test_staged_database_is_scanned_as_it_is_kept(
    tmp_path: Path, data: Path, daemon: clamav.Daemon
) -> None:
    file = data / "app.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE upload (body BLOB)")
        database.execute("INSERT INTO upload VALUES (?)", [clamav.EICAR])
        database.commit()
    sources = f"{{sqlite: {file}}}, {data / 'letter.txt'}"
    text = job(data, daemon, f"quarantine: {tmp_path}/away", sources=sources)
    done = site_of(tmp_path, text).backup()
    assert done.code == 1, done
    (infected,) = done.result["scan"]["infected"]
    assert infected["path"].endswith(str(file))
    assert "/staging/" in infected["path"]
    assert infected["moved_to"] is None
    assert file.exists()


@pytest.mark.parametrize("policy", ["warn", "fail"])
def test_missing_scanner_is_never_silence(tmp_path: Path, data: Path, policy: str) -> None:
    (data / "evil").write_bytes(clamav.EICAR)
    text = (
        f"sources: [{data}]\n"
        f"scan: {{engine: clamav, socket: {tmp_path}/none, on_missing: {policy}}}\n"
    )
    site = site_of(tmp_path, text)
    bare = tmp_path / "bin"
    bare.mkdir()
    for program in ("restic", "setpriv"):
        (bare / program).symlink_to(f"/usr/bin/{program}")
    done = site.backup(PATH=str(bare))
    assert done.code == (1 if policy == "warn" else 2), done
    assert "clamscan is not installed" in done.result["summary"]
    snapshots = list((site.directory / "repository/snapshots").iterdir())
    assert len(snapshots) == (1 if policy == "warn" else 0)
    if policy == "warn":
        assert "2 new file(s) were backed up without a scan" in done.result["summary"]


def test_known_infected_file_stays_out_while_the_scanner_is_away(
    tmp_path: Path, data: Path, daemon: clamav.Daemon
) -> None:
    (data / "evil").write_bytes(clamav.EICAR)
    site = site_of(tmp_path, job(data, daemon))
    assert site.backup().code == 1
    text = job(data, daemon).replace(str(daemon.socket), str(tmp_path / "none"))
    site.write(text.replace(str(daemon.database), str(tmp_path / "nothing")))
    done = site.backup("--type", "differential")
    assert done.code == 1
    assert os.fsencode(data / "evil") not in site.kept()
    assert "1 infected file(s) left out" in done.result["summary"]


@pytest.mark.parametrize(
    ("signatures", "complaint"),
    [
        ({"version": None}, "no official signatures are loaded"),
        ({"version": 27100, "built_at": "2026-09-01 07:11:00"}, "days old"),
    ],
)
def test_old_or_local_signatures_are_not_ok(
    tmp_path: Path, data: Path, signatures: dict[str, object], complaint: str
) -> None:
    need("clamd", "sigtool", "faketime")
    directory = tmp_path / "av"
    clamav.write_signatures(directory / "db", **signatures)  # type: ignore[arg-type]
    with clamav.clamd(directory) as old:
        site = site_of(tmp_path, job(data, old))
        done = site.backup()
        assert done.code == 1, done
        assert complaint in done.result["summary"]
        assert done.result["scan"]["scanned"] == 1
        # What old signatures called clean is scanned again.
        assert site.backup("--type", "differential").result["scan"]["scanned"] == 1
        site.write(job(data, old, "on_missing: fail"))
        refused = site.backup("--type", "differential")
        assert refused.code == 2
        assert complaint in refused.result["summary"]


def test_excluded_files_are_not_scanned_where_the_pattern_is_plain(
    tmp_path: Path, data: Path, daemon: clamav.Daemon
) -> None:
    (data / "cache").mkdir()
    (data / "cache/evil").write_bytes(clamav.EICAR)
    (data / "evil.tmp").write_bytes(clamav.EICAR)
    text = job(data, daemon) + f'exclude: ["*.tmp", "{data}/cache"]\n'
    done = site_of(tmp_path, text).backup()
    assert done.code == 0, done
    assert done.result["scan"]["files"] == 1


def test_unknown_scanner_is_a_mistake_in_the_configuration(tmp_path: Path, data: Path) -> None:
    site = BackupSite(tmp_path / "site", f"sources: [{data}]\nscan: clamv\n")
    done = site.netops("config", "check")
    assert done.code == 78
    assert "no scanner is called 'clamv' (did you mean 'clamav'?)" in done.err
