"""Storage that refuses to delete: found out by listing, never believed from an exit code."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netops.core.status import Status
from tests.require import need
from tests.system.retention_site import SmallSite, outcomes

BESIDE = Path(sys.executable).parent


@contextmanager
def served(folder: Path, *flags: str) -> Iterator[str]:
    """Serve a folder as a REST server of restic; yield its location."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [str(BESIDE / "rclone"), "serve", "restic", *flags, "--addr", f"127.0.0.1:{port}"]
    with (folder.parent / "rclone.log").open("w") as log:
        server = subprocess.Popen([*command, "--config", "/dev/null", str(folder)], stderr=log)
    try:
        _await(port, server)
        yield f"rest:http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(10)


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert server.poll() is None, "rclone did not start"
            time.sleep(0.05)
        else:
            return
    pytest.fail("rclone does not listen")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SmallSite]:
    need("restic")
    need("rclone", path=str(BESIDE))
    found = SmallSite(tmp_path / "site").make()
    with served(found.directory / "offsite", "--append-only") as location:
        found.configure(retention="{keep_full: 1}", offsite=location)
        yield found


def test_a_refusal_is_a_warning_and_the_catalogue_stays_true(site: SmallSite) -> None:
    old, new = site.back_up(), site.back_up()
    began = time.monotonic()

    report = site.forget()
    took_s = time.monotonic() - began

    main, offsite = report.results
    assert (main.status, offsite.status, report.exit_code) == (Status.OK, Status.WARNING, 1)
    assert outcomes(main) == {old: "dropped", new: "kept"}
    assert outcomes(offsite) == {old: "refused by the server", new: "kept"}
    assert site.lies_in("offsite") == [old, new]
    assert [row["backup_id"] for row in site.rows("good_at", location="offsite")] == [old, new]
    assert not list((site.directory / "offsite/locks").iterdir())
    assert took_s < 30, "restic alone tries for 44 s"
    again = site.netops("backup", "forget", "--location", "offsite", expect=1)
    assert "refused by the server" in again.stdout
    site.back_up("differential")


def test_a_place_with_the_right_to_delete_drops_and_prunes(site: SmallSite) -> None:
    old, new = site.back_up(), site.back_up()
    own_way = site.directory / "offsite"
    site.configure(more=f", append_only: true, prune_location: '{own_way}'")

    report = site.forget("offsite")
    pruned = site.prune("offsite")

    assert outcomes(report.results[0]) == {old: "dropped", new: "kept"}
    assert pruned.exit_code == 0, pruned.as_dict()
    assert site.lies_in("offsite") == [new]
    assert site.netops("backup", "verify", "offsite").returncode == 0


def test_a_second_server_with_the_right_to_delete_drops_and_prunes(site: SmallSite) -> None:
    append_only = site.offsite
    with served(site.directory / "offsite") as free:
        site.configure(more=f", append_only: true, prune_location: '{free}'")
        old, new = site.back_up(), site.back_up()
        assert site.lies_in(append_only) == [old, new]

        report = site.forget("offsite")
        site.configure(more="")
        began = time.monotonic()
        refused = site.netops("backup", "prune", "offsite", expect=77)
        took_s = time.monotonic() - began
        site.configure(more=f", append_only: true, prune_location: '{free}'")
        pruned = site.prune("offsite")

        assert outcomes(report.results[0]) == {old: "dropped", new: "kept"}
        assert "the storage refuses to delete" in refused.stdout
        assert took_s < 30, "restic alone tries for 44 s"
        assert pruned.exit_code == 0, pruned.as_dict()
    # The other server is down, as it should be when nobody prunes.
    assert site.lies_in(append_only) == [new]
    newest = site.back_up("differential")
    assert site.lies_in(append_only) == [new, newest]
    assert site.netops("backup", "verify", "offsite", "--read-data").returncode == 0
    site.configure(more="")
    site.back_up()
    assert "refused by the server" in outcomes(site.forget("offsite").results[0]).values()
