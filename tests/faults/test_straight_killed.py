"""Backups straight to a server, struck down in the middle: the next normal run makes up for it."""

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from tests.servers.places import (
    PASSWORD,
    Place,
    SmallSite,
    have_restic,
    rest_place,
    sftp_place,
)
from tests.sites import arguments_of, kill, lay_out, restic_under, wait_until

#: More than restic sends at a time, so that something is left to send when a pack has come through.
NOISE_BYTES = 40_000_000
PLACES: Mapping[str, Callable[[Path], Place]] = {
    "rest": rest_place,
    "rest that deletes": partial(rest_place, append_only=False),
    "sftp": sftp_place,
}


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "place").mkdir()
    made = PLACES[request.param](tmp_path / "place")
    yield made
    made.close()


@pytest.fixture
def site(place: Place, tmp_path: Path) -> SmallSite:
    """A site that has backed up straight to the place once."""
    have_restic()
    lay_out("main", place.files)
    made = SmallSite(tmp_path / "site", {"away": place})
    made.repositories = {"away": made.repositories["away"]}
    made.jobs = {"data": {"sources": [str(made.source)], "repository": "away"}}
    made.env["RESTIC_PACK_SIZE"] = "4"
    made.write()
    made.fill(20_000)
    made.result("backup", "run")
    return made


def whole_packs(place: Place) -> dict[str, int]:
    """Return name → bytes of the large packs that are stored completely."""
    found = {}
    for path in (place.files / "data").glob("??/*"):
        content = path.read_bytes()
        if len(content) > 3_000_000 and hashlib.sha256(content).hexdigest() == path.name:
            found[path.name] = len(content)
    return found


def locks(place: Place) -> list[str]:
    return [path.name for path in (place.files / "locks").iterdir()]


def has_a_lock(place: Place) -> bool:
    """Tell whether one is there and whole: a server gives it another name until then."""
    return any(len(name) == 64 for name in locks(place))


def strike(site: SmallSite, place: Place, victim: str) -> dict[str, int]:
    """Kill in the middle of a backup; return the packs that had come through."""
    (site.source / "noise").write_bytes(os.urandom(NOISE_BYTES))
    site.repositories["away"]["limit_upload"] = "8MB"
    site.write()
    run = site.start("backup", "run")
    wait_until(lambda: whole_packs(place), "one pack is whole")
    restic = restic_under(run.pid, "backup")
    assert restic is not None, "it must be killed before it is done"
    if victim == "both":
        run.send_signal(signal.SIGSTOP)  # or it would bury restic, and say so
        kill(restic)
    kill(run.pid)
    run.wait()
    wait_until(lambda: not arguments_of(restic), "restic ends")
    del site.repositories["away"]["limit_upload"]
    site.write()
    return whole_packs(place)


@pytest.mark.parametrize(
    ("place", "victim"),
    [("rest", "netops"), ("rest that deletes", "both"), ("sftp", "both")],
    indirect=["place"],
)
def test_a_backup_straight_to_a_server_that_was_killed_is_made_up_for(
    site: SmallSite, place: Place, victim: str
) -> None:
    came_through = strike(site, place, victim)
    status = site.status()["away"]
    assert (status["status"], "left no outcome" in status["remark"]) == ("WARNING", True)

    began_s = time.monotonic()
    done = site.netops("backup", "run", "--json")
    (again,) = json.loads(done.stdout)["results"]

    assert again["status"] == "OK", again
    assert again["bytes_added"] < NOISE_BYTES - 0.9 * sum(came_through.values()), done.stderr
    assert time.monotonic() - began_s < 30, "restic alone asks a refusing server for 44 s"
    assert locks(place) == [], "no lock of a dead process is left"
    assert not list(place.files.rglob("*temp*")), "half a file is of no use to anybody"
    done = site.netops("backup", "verify", "away", "--read-data")
    assert done.returncode == 0, done


@pytest.mark.parametrize("place", ["rest", "sftp"], indirect=True)
def test_a_lock_that_nobody_buried_is_taken_off_a_server(site: SmallSite, place: Place) -> None:
    command = ["restic", "--repo", str(place.files), "--no-cache", "backup", "--stdin"]
    env = site.environment({"RESTIC_PASSWORD": PASSWORD})
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE) as restic:
        wait_until(lambda: has_a_lock(place), "restic has its lock")
        site.netops("backup", "unlock", "away")
        assert len(locks(place)) == 1, "its process lives"
        kill(restic.pid)  # and nobody asks how it ended
        wait_until(lambda: not arguments_of(restic.pid), "restic is dead")
        done = site.netops("backup", "unlock", "away")
        assert (done.returncode, locks(place)) == (0, []), done
    assert "1 lock(s) of dead processes taken out" in done.stderr


@pytest.mark.parametrize("place", ["rest"], indirect=True)
@pytest.mark.parametrize("verb", ["run", "verify"])
def test_an_exclusive_lock_of_a_dead_check_stops_nothing(
    site: SmallSite, place: Place, verb: str
) -> None:
    kill_a_check(site, place)
    done = site.netops("backup", verb)
    assert (done.returncode, locks(place)) == (0, []), done


@pytest.mark.parametrize("place", ["rest"], indirect=True)
def test_an_exclusive_lock_of_a_dead_check_does_not_stop_a_copy(
    place: Place, tmp_path: Path
) -> None:
    have_restic()
    lay_out("offsite", place.files)
    site = SmallSite(tmp_path / "site", {"away": place})
    lay_out("main", site.main)
    site.fill(20_000)
    site.result("backup", "run")
    kill_a_check(site, place)
    (site.source / "new").write_text("new")
    result = site.result("backup", "run")
    assert [row["status"] for row in result["locations"]] == ["OK", "OK"], result
    assert locks(place) == []


def kill_a_check(site: SmallSite, place: Place) -> None:
    """Leave the lock of a check that was killed."""
    command = ["restic", "--repo", str(place.files), "--no-cache", "check", "--read-data"]
    env = site.environment({"RESTIC_PASSWORD": PASSWORD})
    with subprocess.Popen([*command, "--limit-download", "1"], env=env) as restic:
        wait_until(lambda: has_a_lock(place), "restic has its lock")
        kill(restic.pid)
    assert len(locks(place)) == 1
