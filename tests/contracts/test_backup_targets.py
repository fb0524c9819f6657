"""Every kind of place for repositories keeps the promises of targets/base.py."""

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netops.backup.targets.base import Target
from netops.backup.targets.local import LocalTarget
from netops.backup.targets.remote import RemoteTarget
from netops.core.errors import IntegrityError, UnreachableError
from tests.sites import make_site


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = make_site(tmp_path_factory.mktemp("targets") / "site")
    site.backup()
    return site.main


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


@pytest.fixture(params=["local", "remote"])
def absent(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    """A place where nothing is."""
    if request.param == "local":
        return LocalTarget(str(tmp_path / "nowhere"))
    return RemoteTarget("rest:http://127.0.0.1:1/")


def test_place_that_is_not_there_is_unreachable_in_time(absent: Target) -> None:
    started = time.monotonic()
    with pytest.raises(UnreachableError) as caught:
        absent.reach(5)
    assert time.monotonic() - started < 6
    assert caught.value.hint


def test_looking_at_a_place_that_is_not_there_finds_nothing(absent: Target) -> None:
    assert absent.find("a" * 64) is None
    assert absent.find("abcd1234") is None
    assert absent.free_bytes() is None
    assert absent.has_locks() is False


@pytest.mark.parametrize(
    "location",
    ["rest:http://127.0.0.1:1/", "sftp:user@host.invalid:/x", "s3:https://[bad/", "rclone:x:y", ""],
)
def test_making_a_target_touches_nothing_and_never_fails(location: str) -> None:
    started = time.monotonic()
    RemoteTarget(location)
    LocalTarget(location)
    assert time.monotonic() - started < 0.5


def test_server_that_answers_is_reached(listener: socket.socket) -> None:
    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    RemoteTarget(f"rest:http://127.0.0.1:{listener.getsockname()[1]}/").reach(5)
    thread.join()


def test_server_that_takes_connections_and_says_nothing_is_unreachable_in_time(
    listener: socket.socket,
) -> None:
    started = time.monotonic()
    with pytest.raises(UnreachableError):
        RemoteTarget(f"rest:http://127.0.0.1:{listener.getsockname()[1]}/").reach(1)
    assert time.monotonic() - started < 5


def test_server_that_takes_no_connection_is_unreachable_in_time(listener: socket.socket) -> None:
    # A full backlog drops what comes: the black hole of a firewall, without a firewall.
    listener.listen(0)
    port = listener.getsockname()[1]
    waiting = []
    try:
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            waiting.append(filler)
        started = time.monotonic()
        with pytest.raises(UnreachableError):
            RemoteTarget(f"sftp://user@127.0.0.1:{port}/x").reach(1)
        assert time.monotonic() - started < 5
    finally:
        for filler in waiting:
            filler.close()


def test_password_in_an_address_is_never_told() -> None:
    with pytest.raises(UnreachableError) as caught:
        RemoteTarget("rest:http://user:hunter2@127.0.0.1:1/").reach(2)
    assert "hunter2" not in str(caught.value)


# A directory can be looked into


def test_repository_in_a_directory_is_reached_and_measured(repository: Path) -> None:
    target = LocalTarget(str(repository))
    target.reach(5)
    free = target.free_bytes()
    assert free is not None
    assert free > 0
    assert target.has_locks() is False


def test_directory_without_a_repository_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="no repository"):
        LocalTarget(str(tmp_path)).reach(5)


def test_snapshot_is_found_by_its_whole_id_and_by_its_beginning(repository: Path) -> None:
    (snapshot,) = (repository / "snapshots").iterdir()
    target = LocalTarget(str(repository))
    assert target.find(snapshot.name) == snapshot.name
    assert target.find(snapshot.name[:8]) == snapshot.name
    assert target.find("0" * 64) is None


def test_half_written_and_ambiguous_snapshots_are_not_found(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    for content in (b"a", b"b"):
        (folder / hashlib.sha256(content).hexdigest()).write_bytes(content)
    (folder / ("ab" * 32 + "-tmp-123")).write_bytes(b"half")
    target = LocalTarget(str(tmp_path))
    assert target.find("") is None
    assert target.find("ab" * 32) is None


def test_damaged_snapshot_is_an_integrity_error_never_a_find(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    name = hashlib.sha256(b"right").hexdigest()
    (folder / name).write_bytes(b"wrong")
    with pytest.raises(IntegrityError, match=name[:8]):
        LocalTarget(str(tmp_path)).find(name)


def test_hanging_mount_does_not_hang_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()

    def hang(_: Path) -> bool:
        return free.wait(30)

    monkeypatch.setattr(Path, "is_file", hang)
    started = time.monotonic()
    with pytest.raises(UnreachableError, match="does not answer within"):
        LocalTarget(str(tmp_path)).reach(0.3)
    assert time.monotonic() - started < 3
    free.set()


def test_locks_are_seen(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    target = LocalTarget(str(tmp_path))
    assert target.has_locks() is False
    (tmp_path / "locks" / "x").touch()
    assert target.has_locks() is True
