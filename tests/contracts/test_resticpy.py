"""
resticpy as netops uses it, and the reasons why netops uses no more of it.

A new release that breaks one of these must be looked at before the pin in pyproject.toml moves.
"""

import inspect
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import restic
import restic.errors
import restic.internal.backup
import restic.internal.cat
import restic.internal.check
import restic.internal.copy
import restic.internal.forget
import restic.internal.snapshots
import restic.internal.unlock

from netops.backup.restic import simple
from netops.backup.restic.access import Access
from netops.core.cancel import Cancel
from netops.core.errors import (
    AccessError,
    InterruptedRunError,
    TimeoutExpiredError,
    UnreachableError,
)
from netops.core.secrets import Secret
from tests.sites import PASSWORD, Site, make_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = make_site(tmp_path_factory.mktemp("resticpy") / "site")
    made.backup()
    return made


def access(place: Path, password: str = PASSWORD) -> Access:
    return Access("main", str(place), Secret(password))


def test_release_is_the_one_that_was_looked_at() -> None:
    assert version("resticpy").startswith("1.3.")


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        (restic.internal.snapshots.run, ["restic_base_command", "snapshot_id"]),
        (restic.internal.unlock.run, ["restic_base_command"]),
        (restic.internal.cat.Cat.__init__, ["self"]),
    ],
)
def test_calls_take_the_base_command_first(call: object, parameters: list[str]) -> None:
    found = list(inspect.signature(call).parameters)  # type: ignore[arg-type]
    assert found[: len(parameters)] == parameters


def test_each_call_has_its_own_repository_also_between_threads(site: Site) -> None:
    found: dict[str, list[str]] = {}

    def look(name: str, place: Path) -> None:
        for _ in range(5):
            ids = [snapshot.id for snapshot in simple.snapshots(access(place), deadline_s=60)]
            found.setdefault(name, []).extend(ids)

    threads = [
        threading.Thread(target=look, args=pair)
        for pair in (("main", site.main), ("offsite", site.offsite))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {len(set(ids)) for ids in found.values()} == {1}
    assert set(found["main"]) != set(found["offsite"])


def test_module_globals_are_never_touched(site: Site) -> None:
    names = ("binary_path", "repository", "password_file", "use_cache")
    before = {name: getattr(restic, name) for name in names}
    simple.snapshots(access(site.main), deadline_s=60)
    simple.repository_id(access(site.main), deadline_s=60)
    simple.unlock(access(site.main), deadline_s=60)
    assert {name: getattr(restic, name) for name in names} == before


def test_snapshots_are_listed_by_tag_with_paths_and_times(site: Site) -> None:
    (snapshot,) = simple.snapshots(access(site.main), tag="netops", deadline_s=60)
    assert len(snapshot.id) == 64
    assert str(site.source) in snapshot.paths
    assert snapshot.tag("netops-job") == "data"
    assert snapshot.original is None
    (copy,) = simple.snapshots(access(site.offsite), tag="netops", deadline_s=60)
    assert copy.original == snapshot.id
    assert copy.tag("netops-run") == snapshot.tag("netops-run")
    assert simple.snapshots(access(site.main), tag="no-such-tag", deadline_s=60) == []


def test_id_of_the_repository_proves_the_password(site: Site) -> None:
    assert len(simple.repository_id(access(site.main), deadline_s=60)) == 64
    with pytest.raises(AccessError):
        simple.repository_id(access(site.main, "wrong"), deadline_s=60)


def test_missing_repository_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError):
        simple.snapshots(access(tmp_path / "none"), deadline_s=60)


@pytest.fixture
def silent() -> Iterator[Access]:
    """A server that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield Access("x", f"rest:http://127.0.0.1:{server.getsockname()[1]}/", Secret("p"))


@pytest.mark.parametrize("deadline_s", [0.001, 0.5])
def test_deadline_holds_although_resticpy_has_none(silent: Access, deadline_s: float) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutExpiredError):
        simple.snapshots(silent, deadline_s=deadline_s)
    assert time.monotonic() - started < 15


def test_cancel_holds_although_resticpy_has_none(silent: Access) -> None:
    cancel = Cancel()
    threading.Timer(0.5, cancel.by_signal, [15]).start()
    started = time.monotonic()
    with pytest.raises(InterruptedRunError):
        simple.snapshots(silent, deadline_s=60, cancel=cancel)
    assert time.monotonic() - started < 15


def test_variables_reach_restic_and_secrets_no_argument_list(site: Site) -> None:
    place = Access("main", str(site.main), Secret(PASSWORD), {"RESTIC_PROGRESS_FPS": Secret("0.5")})
    assert len(simple.snapshots(place, deadline_s=60)) == 1


# Why netops runs backup, copy and check by its own runner


def base(site: Site, tmp_path: Path) -> list[str]:
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    return [
        "restic",
        "--repo",
        str(site.main),
        "--password-file",
        str(password),
        "--no-cache",
        "--json",
    ]


def test_partial_backup_loses_its_snapshot_in_resticpy(tmp_path: Path) -> None:
    """Exit 3 means: the snapshot is there, some files are not; resticpy only raises."""
    fake = tmp_path / "restic"
    fake.write_text(
        '#!/bin/sh\necho \'{"message_type":"summary","snapshot_id":"abcd1234"}\'\nexit 3\n'
    )
    fake.chmod(0o755)
    with pytest.raises(restic.errors.ResticFailedError) as caught:
        restic.internal.backup.run([str(fake)], paths=["/x"])
    assert "abcd1234" not in str(caught.value)


def test_backup_of_resticpy_has_no_parent_force_or_progress() -> None:
    parameters = set(inspect.signature(restic.internal.backup.run).parameters)
    assert parameters.isdisjoint({"parent", "force", "progress", "on_progress", "timeout", "env"})


def test_copy_of_resticpy_takes_no_snapshots() -> None:
    parameters = set(inspect.signature(restic.internal.copy.run).parameters)
    assert parameters.isdisjoint({"snapshot_id", "snapshot_ids", "tags", "host"})


def test_forget_of_resticpy_takes_one_id_only() -> None:
    parameters = set(inspect.signature(restic.internal.forget.run).parameters)
    assert "snapshot_ids" not in parameters


def test_check_of_resticpy_does_not_say_what_is_broken(site: Site, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    subprocess.run(["cp", "-r", str(site.main), str(broken)], check=True)
    for index in (broken / "index").iterdir():
        index.unlink()
    command = base(site, tmp_path)
    command[2] = str(broken)
    assert restic.internal.check.run(command) is None
