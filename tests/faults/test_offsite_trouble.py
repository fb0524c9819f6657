"""Offsite places that are down, stalled, slow or killed in the middle: told in time, made up later."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.places import Place, SmallSite, have_restic, local_place, rest_place

SIZE_BYTES = 3_000_000
SLOW = "400kB"  # 3 MB take 7 s


@pytest.fixture
def rest(tmp_path: Path) -> Iterator[Place]:
    place = rest_place(tmp_path / "rest", append_only=False)
    yield place
    place.close()


def make_site(tmp_path: Path, places: dict[str, Place], **row: Any) -> SmallSite:
    """Make a site whose repository `rest` is slow, with more settings from `row`."""
    have_restic()
    site = SmallSite(tmp_path / "site", places)
    site.repositories["rest"] |= {"connect_timeout": "2s", "limit_upload": SLOW, **row}
    site.write()
    site.fill(SIZE_BYTES)
    site.init()
    return site


def stored(repository: Path) -> int:
    """Return the bytes of data in a repository."""
    return sum(p.stat().st_size for p in (repository / "data").rglob("*") if p.is_file())


def wait_for_data(place: Place) -> None:
    """Wait until a copy is under way."""
    ends_at_s = time.monotonic() + 120
    locks = place.files / "locks"
    while not (locks.is_dir() and any(locks.iterdir())):
        assert time.monotonic() < ends_at_s, "the copy never began"
        time.sleep(0.05)
    time.sleep(1.5)


def statuses(result: dict[str, Any]) -> dict[str, str]:
    return {row["location"]: row["status"] for row in result["locations"]}


def test_a_copy_is_no_faster_than_its_limit(tmp_path: Path, rest: Place) -> None:
    site = make_site(tmp_path, {"rest": rest})
    started_s = time.monotonic()
    assert statuses(site.result("backup", "run"))["rest"] == "OK"
    assert time.monotonic() - started_s > SIZE_BYTES / 410_000


def test_a_stalled_place_delays_no_other_and_ends_by_its_own_deadline(
    tmp_path: Path, rest: Place
) -> None:
    (tmp_path / "near").mkdir()
    near = local_place(tmp_path / "near")
    site = make_site(tmp_path, {"rest": rest, "near": near}, deadline="12s")
    run = site.start("backup", "run")
    wait_for_data(rest)
    assert rest.server is not None
    stalled_at_s = time.monotonic()
    rest.server.stall()
    try:
        while not site.status()["near"]["restorable_at"]:
            assert run.poll() is None, "the other place must not wait for the stalled one"
            time.sleep(0.2)
        assert run.wait(120) == 2
        # The deadline, the time restic gets to end by itself, and a slow machine.
        assert time.monotonic() - stalled_at_s < 12 + 15 + 30
    finally:
        rest.server.resume()
    states = site.status()
    assert (states["near"]["status"], states["rest"]["status"]) == ("OK", "CRITICAL")
    assert site.netops("journal", "verify").returncode == 0
    for name in ("deadline", "limit_upload"):
        del site.repositories["rest"][name]
    site.write()
    again = site.result("backup", "run")
    assert statuses(again) == {"main": "OK", "rest": "OK"} | {"near": "OK"}
    assert "1 caught up" in again["summary"]
    assert site.result("backup", "verify", "rest", "--read-data")["status"] == "OK"


def test_a_copy_that_stops_moving_is_ended(tmp_path: Path, rest: Place) -> None:
    site = make_site(tmp_path, {"rest": rest}, stall_timeout="4s", limit_upload="100kB")
    run = site.start("backup", "run")
    wait_for_data(rest)
    assert rest.server is not None
    rest.server.stall()
    try:
        assert run.wait(120) == 2
    finally:
        rest.server.resume()
    assert "stalled: nothing moved for 4.0 s" in site.status()["rest"]["remark"]


@pytest.mark.parametrize("victim", ["netops", "server"])
def test_a_copy_killed_midway_is_made_up_by_the_next_run(
    tmp_path: Path, rest: Place, victim: str
) -> None:
    site = make_site(tmp_path, {"rest": rest})
    run = site.start("backup", "run")
    wait_for_data(rest)
    if victim == "netops":
        run.send_signal(signal.SIGKILL)
        assert run.wait(60) == -signal.SIGKILL
        status = site.status()["rest"]
        assert status["status"] == "CRITICAL"
    else:
        rest.gone()
        time.sleep(1)
        rest.back()
        run.wait(120)
    time.sleep(1)  # restic hears of netops' death by a signal, and ends
    site.repositories["rest"].pop("limit_upload")
    site.write()
    again = site.result("backup", "run")
    assert again["status"] == "OK", again
    assert {row["status"] for row in site.status().values()} == {"OK"}
    assert site.result("backup", "verify", "rest", "--read-data")["status"] == "OK"
    assert not list((rest.files / "locks").iterdir()), "no lock of a dead process is left"
    assert stored(rest.files) < 2.1 * stored(site.main)


def test_a_place_that_is_down_is_told_and_caught_up_with(tmp_path: Path, rest: Place) -> None:
    site = make_site(tmp_path, {"rest": rest}, limit_upload="100MB")
    rest.gone()
    started_s = time.monotonic()
    first = site.result("backup", "run", code=2)
    second = site.result("backup", "run", code=2)
    assert time.monotonic() - started_s < 150
    assert statuses(first) == statuses(second) == {"main": "OK", "rest": "CRITICAL"}
    row = site.status()["rest"]
    assert row["status"] == "CRITICAL"
    assert "does not answer" in row["remark"]
    rest.back()
    third = site.result("backup", "run")
    assert "2 caught up" in third["summary"]
    assert {row["status"] for row in site.status().values()} == {"OK"}
