"""Every scanner keeps the promises of netops.backup.scanners.base, with a real engine behind it."""

import os
import threading
from collections import deque
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest

from netops.backup.scanners import scanners
from netops.backup.scanners.base import (
    Candidate,
    Finding,
    Limits,
    Scanner,
    ScannerError,
    identity_of,
)
from netops.backup.scanners.clamav import ClamavScanner
from netops.core.cancel import Cancel
from netops.core.errors import ConfigError, InterruptedRunError
from tests import clamav
from tests.require import need


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("sigtool", "clamscan")
    place = tmp_path_factory.mktemp("av")
    clamav.write_signatures(place / "db")
    return place


@pytest.fixture(scope="module", params=["clamd", "clamscan", "clamscan that tells targets"])
def scanner(request: pytest.FixtureRequest, directory: Path) -> Iterator[Scanner]:
    """Each way to scan; a new scanner is one more entry here."""
    database = str(directory / "db")
    kind = scanners.get("clamav")
    if request.param.startswith("clamscan"):
        with pytest.MonkeyPatch.context() as patch:
            if request.param != "clamscan":
                tools = clamav.telling_targets(directory / "tools")
                patch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
            yield kind({"socket": str(directory / "nobody"), "database": database})
        return
    need("clamd")
    with clamav.clamd(directory) as daemon:
        yield kind({"socket": str(daemon.socket), "database": database})


def limits(seconds: float = 60, cancel: Cancel | None = None) -> Limits:
    return Limits(seconds, cancel or Cancel())


def candidate(path: Path | str | bytes) -> Candidate:
    text = os.fsdecode(path)
    return Candidate(text, identity_of(os.lstat(text)))


def test_health_names_engine_and_age_of_signatures(scanner: Scanner) -> None:
    health = scanner.health(limits())
    assert health.engine.startswith(("ClamAV", "clamscan"))
    assert health.signatures == "27777"
    assert health.signatures_at is not None
    assert not health.problems


def test_infected_is_told_from_clean_in_the_order_given(scanner: Scanner, tmp_path: Path) -> None:
    contents = {"a": b"clean", "b": clamav.EICAR, "c": b"", "d": b"x" + clamav.EICAR, "e": b"fine"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    found = list(scanner.scan([candidate(tmp_path / name) for name in contents], limits()))
    assert [Path(verdict.candidate.path).name for verdict in found] == list(contents)
    assert [verdict.finding for verdict in found] == [
        *(Finding.CLEAN, Finding.INFECTED, Finding.CLEAN, Finding.INFECTED, Finding.CLEAN)
    ]
    assert clamav.SIGNATURE in found[1].name


@pytest.mark.parametrize(
    "name",
    [b"two\nlines", b"a: OK", b": Evil FOUND", b"\xff\xfe", b"*[?", b" ", b"\xe6\x96\x87", b"-x"],
)
def test_no_name_confuses_the_verdict(scanner: Scanner, tmp_path: Path, name: bytes) -> None:
    bad, good = (os.fsencode(tmp_path) + b"/" + kind + name for kind in (b"bad", b"good"))
    for path, content in ((bad, clamav.EICAR), (good, b"fine")):
        Path(os.fsdecode(path)).write_bytes(content)
    found = [v.finding for v in scanner.scan([candidate(bad), candidate(good)], limits())]
    assert found == [Finding.INFECTED, Finding.CLEAN]


def test_one_name_cannot_speak_for_another(scanner: Scanner, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    speaker = tmp_path / f"x: OK\n{bad}: OK\n"
    os.makedirs(os.path.dirname(speaker), exist_ok=True)  # noqa: PTH103, PTH120  a name with a slash
    bad.write_bytes(clamav.EICAR)
    speaker.write_bytes(b"fine")
    alike = tmp_path / "bad: OK"
    alike.write_bytes(b"fine")
    items = [candidate(path) for path in (alike, bad, speaker)]
    found = [v.finding for v in scanner.scan(items, limits())]
    assert found == [Finding.CLEAN, Finding.INFECTED, Finding.CLEAN]


def test_file_only_its_owner_may_read_is_scanned(scanner: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "private"
    path.write_bytes(clamav.EICAR)
    path.chmod(0o400)
    assert scanner.traits.reads_for_us
    assert [v.finding for v in scanner.scan([candidate(path)], limits())] == [Finding.INFECTED]


def test_file_written_to_after_it_was_found_is_not_called_clean(
    scanner: Scanner, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    path.write_text("one")
    item = candidate(path)
    path.write_text("one and more")
    assert [v.finding for v in scanner.scan([item], limits())] == [Finding.CHANGED]


def test_vanished_file_is_not_called_clean(scanner: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "gone"
    path.write_text("x")
    item = candidate(path)
    path.unlink()
    assert [v.finding for v in scanner.scan([item], limits())] == [Finding.CHANGED]


def test_link_put_in_the_place_of_a_file_is_not_followed(scanner: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    item = candidate(path)
    path.unlink()
    path.symlink_to("/etc/passwd")
    assert [v.finding for v in scanner.scan([item], limits())] == [Finding.CHANGED]


def test_pipe_is_not_waited_for(scanner: Scanner, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    path = tmp_path / "pipe"
    (tmp_path / "x").write_text("x")
    item = Candidate(str(path), candidate(tmp_path / "x").identity)
    assert [v.finding for v in scanner.scan([item], limits(20))] == [Finding.CHANGED]


def test_what_is_too_large_is_said_so(
    scanner: ClamavScanner, directory: Path, tmp_path: Path
) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"\1" * 2_000_000)
    options = {"socket": scanner.socket, "database": str(directory / "db")}
    small = type(scanner)({**options, "max_file_size": 1_000_000})
    assert [v.finding for v in small.scan([candidate(path)], limits())] == [Finding.TOO_LARGE]


@pytest.mark.parametrize("start", [b"SQLite format 3\0", b"ID3\4", b"OggS\0", b"\xff\xfb\x90"])
def test_kind_that_clamav_does_not_look_into_is_never_called_clean(
    scanner: Scanner, tmp_path: Path, start: bytes
) -> None:
    (tmp_path / "file").write_bytes(start + b"\0" * 500 + clamav.EICAR)
    (found,) = scanner.scan([candidate(tmp_path / "file")], limits())
    assert found.finding in {Finding.INFECTED, Finding.IGNORED}


def test_signal_ends_a_scan(scanner: Scanner, tmp_path: Path) -> None:
    cancel = Cancel()
    path = tmp_path / "file"
    path.write_text("x")
    threading.Timer(0.2, cancel.by_signal, [15]).start()
    endless = repeat(candidate(path))
    with pytest.raises(InterruptedRunError):
        deque(scanner.scan(endless, limits(60, cancel)), maxlen=0)


def test_relative_socket_is_refused() -> None:
    with pytest.raises(ConfigError, match="absolute"):
        scanners.get("clamav")({"socket": "run/clamd"})


def test_without_any_engine_health_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    scanner = scanners.get("clamav")({"socket": str(tmp_path / "none")})
    with pytest.raises(ScannerError, match="clamscan is not installed"):
        scanner.health(limits())


def test_built_in_scanners_are_declared_as_entry_points() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["netops.scanners"] == scanners.built_in
