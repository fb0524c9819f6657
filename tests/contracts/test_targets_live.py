"""What every kind of place for repositories promises, tried for real on each of them."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netops.app import Site
from netops.backup.restic import client, simple
from netops.backup.restic.client import Call
from netops.backup.targets.base import Target
from netops.core.errors import UnreachableError
from tests.servers.places import PASSWORD, PLACES, Place, SmallSite, have_restic

TIMEOUT_S = 2


@pytest.fixture(scope="module", params=list(PLACES))
def kind(request: pytest.FixtureRequest) -> str:
    have_restic()
    return str(request.param)


@pytest.fixture(scope="module")
def place(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = PLACES[kind](tmp_path_factory.mktemp(kind))
    yield made
    made.close()


@pytest.fixture(scope="module")
def site(place: Place, tmp_path_factory: pytest.TempPathFactory) -> SmallSite:
    """A site that has backed up once and copied to the place."""
    made = SmallSite(tmp_path_factory.mktemp("site") / "site", {"away": place})
    made.repositories["away"] |= {"connect_timeout": f"{TIMEOUT_S}s", "deadline": "60s"}
    made.env["PATH"] = f"{_spy(made)}:{made.environment({})['PATH']}"
    made.write()
    made.fill()
    made.init()
    result = made.result("backup", "run")
    assert [row["status"] for row in result["locations"]] == ["OK", "OK"], result
    return made


def _spy(site: SmallSite) -> Path:
    """Put a restic in front of restic that writes down how it was called."""
    folder = site.directory / "spy"
    folder.mkdir()
    script = folder / "restic"
    real = shutil.which("restic")
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> "{folder}/argv"\nexec {real} "$@"\n')
    script.chmod(0o755)
    return folder


@pytest.fixture
def opened(site: SmallSite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name, value in site.env.items():
        monkeypatch.setenv(name, value)
    found = Site(site.directory / "netops.yaml")
    yield found
    found.close()


@pytest.fixture
def target(opened: Site) -> Target:
    return opened.backups.target(opened.backups.repository("away"))


def test_new_repository_cuts_data_like_its_primary(opened: Site) -> None:
    room = opened.backups
    polynomials = {
        Call()
        .run(room.access(room.repository(name)), "cat", "config")
        .check()
        .stdout.split('"chunker_polynomial": "')[1]
        .split('"')[0]
        for name in ("main", "away")
    }
    assert len(polynomials) == 1


def test_init_of_what_is_there_only_proves_the_password(site: SmallSite) -> None:
    result = site.result("backup", "init", "away")
    assert result["summary"] == "exists, the password opens it"


def test_copy_is_listed_there_with_its_tags(opened: Site) -> None:
    room = opened.backups
    (backup,) = room.catalogue.backups(limit=5)[-1:]
    (placement,) = [p for p in room.catalogue.placements(backup.id) if p.location == "away"]
    listed = simple.snapshots(room.access(room.repository("away")), deadline_s=30)
    assert placement.is_good
    assert placement.snapshot_id in {s.id for s in listed if s.tag("netops-run") == backup.id}


def test_restore_from_there_is_the_same(site: SmallSite, tmp_path: Path) -> None:
    done = site.netops(
        "backup", "restore", "data", "--from", "away", "--to", str(tmp_path / "again")
    )
    assert done.returncode == 0, done.stderr
    assert site.same(tmp_path / "again")


def test_backup_goes_straight_there(site: SmallSite, tmp_path: Path) -> None:
    site.jobs["straight"] = {"sources": [str(site.source)], "repository": "away"}
    site.write()
    result = site.result("backup", "run", "straight")
    assert [(row["location"], row["status"]) for row in result["locations"]] == [("away", "OK")]
    assert len(result["snapshot"]) == 64


def test_a_wrong_password_is_refused_as_such(site: SmallSite) -> None:
    key = site.directory / "keys/password"
    key.write_text("not-the-password")
    try:
        done = site.netops("backup", "verify", "away", "--structure")
    finally:
        key.write_text(PASSWORD)
    assert done.returncode == 77, done.stdout
    assert "password is wrong" in done.stdout


def test_check_finds_everything_whole(site: SmallSite) -> None:
    result = site.result("backup", "verify", "away", "--read-data")
    assert result["status"] == "OK"
    assert not result["missing"]


def test_a_place_that_is_gone_is_told_in_time_and_caught_up_with(
    site: SmallSite, place: Place, target: Target
) -> None:
    (site.source / "while-gone.txt").write_text("new")
    place.gone()
    try:
        started_s = time.monotonic()
        if place.kind != "rclone":  # rclone's remotes are known to rclone only
            with pytest.raises(UnreachableError):
                target.reach(TIMEOUT_S)
            assert time.monotonic() - started_s < TIMEOUT_S + 2
        result = site.result("backup", "run", "data", code=2)
        assert time.monotonic() - started_s < 30
    finally:
        place.back()
    assert [row["status"] for row in result["locations"]] == ["OK", "CRITICAL"]
    again = site.result("backup", "run", "data")
    assert "1 caught up" in again["summary"]
    assert [row["status"] for row in again["locations"]] == ["OK", "OK"]


def test_a_server_that_hangs_is_told_in_time(site: SmallSite, place: Place, target: Target) -> None:
    if place.server is None:
        pytest.skip(f"{place.kind} has no server to hang")
    place.server.stall()
    try:
        started_s = time.monotonic()
        with pytest.raises(UnreachableError):
            target.reach(TIMEOUT_S)
        assert time.monotonic() - started_s < TIMEOUT_S + 2
    finally:
        place.server.resume()
    target.reach(TIMEOUT_S + 10)


def test_no_secret_is_in_a_command_line_or_on_record(site: SmallSite, place: Place) -> None:
    secrets = [PASSWORD, *(text for name, text in place.secrets.items() if name != "rest.user")]
    argv = (site.directory / "spy/argv").read_text()
    assert "copy" in argv
    status = site.netops("backup", "status")
    seen = [argv.encode(), status.stdout.encode(), status.stderr.encode()]
    seen += [path.read_bytes() for path in (site.directory / "state").rglob("*") if path.is_file()]
    for secret in secrets:
        assert not any(secret.encode() in text for text in seen), secret[:4]


def test_forgetting_is_judged_by_listing_again(opened: Site, place: Place) -> None:
    room = opened.backups
    away = room.repository("away")
    access = room.access(away)
    before = simple.snapshots(access, tag="netops", deadline_s=30)
    if place.kind != "rest":
        pytest.skip("only the append-only server refuses")
    client.forget(access, [before[0].id], Call(deadline_s=60))
    assert simple.snapshots(access, tag="netops", deadline_s=30) == before


@pytest.mark.parametrize("kind", ["sftp"], indirect=True)
def test_an_unknown_server_is_not_talked_to(site: SmallSite, place: Place) -> None:
    known = Path(site.repositories["away"]["ssh"]["known_hosts"])
    site.repositories["away"]["ssh"]["known_hosts"] = str(known.with_name("wrong_known_hosts"))
    site.write()
    try:
        done = site.netops("backup", "verify", "away", "--structure")
    finally:
        site.repositories["away"]["ssh"]["known_hosts"] = str(known)
        site.write()
    # restic sometimes ends before ssh's own words have come through.
    assert done.returncode in {69, 77}, (done.stdout, done.stderr)
    assert "snapshots listed" not in done.stdout
