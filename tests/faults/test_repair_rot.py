"""Rot in a repository: found by a check, named, healed from wherever the data still is."""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers.places import PASSWORD, SmallSite, have_restic, local_place


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a full and a differential backup in two places, to be copied by each test."""
    have_restic()
    folder = tmp_path_factory.mktemp("template")
    site = SmallSite(folder / "site", {"away": local_place(folder)})
    site.fill(6_000_000)
    site.init()
    site.result("backup", "run")
    (site.source / "later.txt").write_text("added later")
    site.result("backup", "run")
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path) -> SmallSite:
    """A copy of the template; its source stays where it was, as its backups remember it."""
    shutil.copytree(template, tmp_path / "world", symlinks=True)
    made = object.__new__(SmallSite)
    folder = tmp_path / "world"
    made.directory = folder / "site"
    made.places = {"away": local_place(folder)}
    made.main = made.directory / "main"
    made.env = {}
    made.repositories = {
        "main": {"location": str(made.main), "verify": {"parts": 4}},
        "away": {"location": str(folder / "away/repository")},
    }
    made.source = tmp_path / "source"
    shutil.copytree(template / "site/source", made.source)
    made.job = {"sources": [str(template / "site/source")], "repository": "main"}
    made.job |= {"offsite": ["away"], "policy": {"full": "monthly", "differential": "daily"}}
    made.jobs = {"data": made.job}
    made.write()
    return made


def packs(repository: Path) -> list[Path]:
    """Return the packs of a repository, the largest first."""
    return sorted((repository / "data").glob("*/*"), key=lambda p: -p.stat().st_size)


def flip(path: Path, position: int) -> None:
    """Turn one bit of a file over, as a disk would."""
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))


def away(site: SmallSite) -> Path:
    return site.places["away"].files


def is_whole(site: SmallSite, name: str) -> bool:
    result: dict[str, Any] = site.result("backup", "verify", name, "--read-data", code=None)
    return bool(result["status"] == "OK" and not result["missing"])


def catalogue(site: SmallSite, sql: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(site.directory / "state/netops.db") as link:
        return link.execute(sql).fetchall()


def test_one_flipped_byte_is_found_named_and_healed(site: SmallSite, tmp_path: Path) -> None:
    pack = packs(site.main)[0]
    flip(pack, pack.stat().st_size // 2)
    assert site.result("backup", "verify", "main", "--structure")["status"] == "OK"

    found = site.result("backup", "verify", "main", "--read-data", code=2)
    assert {"kind": "pack", "id": pack.name} in found["damage"]
    assert len(found["hit_backups"]) == 2
    assert any(path.endswith(("large.bin", "other.bin")) for path in found["hit_files"])
    assert found["error"]["hint"].startswith("run `netops backup repair main`")
    row = site.status()
    assert row["main"]["status"] == "CRITICAL"
    assert row["main"]["restorable_at"] is None, "nothing that is hit counts as restorable"
    assert pack.name[:8] in row["main"]["remark"]
    assert row["away"]["status"] == "OK"

    healed = site.result("backup", "repair", "main", "--yes")
    assert healed["status"] == "OK", healed
    assert healed["taken_out"] == [f"pack {pack.name[:8]}"] + [
        name for name in healed["taken_out"] if name.startswith("snapshot")
    ]
    kept = Path(healed["kept_in"]) / f"pack-{pack.name}"
    assert kept.is_file(), "what a repair takes out is kept"
    assert len(healed["whole_again"]) == 2
    assert is_whole(site, "main")
    assert site.status()["main"]["status"] == "OK"
    done = site.netops("backup", "restore", "data", "--to", str(tmp_path / "again"))
    assert done.returncode == 0, done.stderr
    restored = tmp_path / "again" / str(site.job["sources"][0]).lstrip("/")
    assert {p.name: p.read_bytes() for p in restored.rglob("*") if p.is_file()} == {
        p.name: p.read_bytes() for p in site.source.rglob("*") if p.is_file()
    }
    verified = site.netops("journal", "verify")
    assert verified.returncode == 0
    assert "damaged: pack" in json.dumps(site.json("journal", "list", "--limit", "50"))
    again = site.result("backup", "run")
    assert again["status"] == "OK"
    assert again["type"] == "differential"


def test_offsite_rot_is_healed_from_the_primary(site: SmallSite) -> None:
    pack = packs(away(site))[0]
    flip(pack, 1000)
    site.result("backup", "verify", "away", "--read-data", code=2)
    assert site.status()["away"]["status"] == "CRITICAL"
    before = site.result("backup", "run", code=None)
    assert before["status"] != "OK" or site.status()["away"]["status"] == "CRITICAL"
    healed = site.result("backup", "repair", "away", "--yes")
    assert set(healed["brought_back"].values()) == {"main"}
    assert is_whole(site, "away")
    assert {row["status"] for row in site.status().values()} == {"OK"}


def test_without_another_copy_the_source_heals(site: SmallSite) -> None:
    shutil.rmtree(away(site))
    pack = packs(site.main)[0]
    flip(pack, 5000)
    site.result("backup", "verify", "main", "--read-data", code=2)
    healed = site.result("backup", "repair", "main", "--yes")
    assert healed["read_again"] == ["data"]
    assert not healed["brought_back"]
    assert any("from away" in problem for problem in healed["problems"])
    assert is_whole(site, "main")


def test_what_nobody_has_any_more_is_named_as_lost(site: SmallSite) -> None:
    shutil.rmtree(away(site))
    source = Path(site.job["sources"][0])
    kept = (source / "large.bin").read_bytes()
    pack = packs(site.main)[0]
    pack.unlink()
    try:
        for path in source.glob("*.bin"):
            path.write_bytes(os.urandom(1000))
        healed = site.result("backup", "repair", "main", "--yes", code=None)
    finally:
        (source / "large.bin").write_bytes(kept)
        shutil.copy2(site.source / "other.bin", source / "other.bin")
    assert any(path.endswith(".bin") for path in healed["lost_files"]), healed
    # restic from 0.17 on keeps the rest of the old backups; an older one can only tell.
    assert healed["status"] == ("WARNING" if healed["without_lost_files"] else "CRITICAL")
    history = {row["id"]: row for row in site.json("backup", "list")}
    assert len(history) == 3
    newest = site.result("backup", "run", code=None)
    assert newest["locations"][0]["status"] in {"OK", "WARNING"}
    assert site.status()["main"]["restorable_at"] is not None


def directory_pack(repository: Path) -> Path:
    """Return a pack that holds directory lists."""
    base = ["restic", "--repo", str(repository), "--no-cache", "cat", "index"]
    env = {**os.environ, "RESTIC_PASSWORD": PASSWORD}
    for index in (repository / "index").iterdir():
        done = subprocess.run([*base, index.name], env=env, capture_output=True, check=True)
        for pack in json.loads(done.stdout)["packs"]:
            if pack["blobs"][0]["type"] == "tree":
                name = str(pack["id"])
                return repository / "data" / name[:2] / name
    raise AssertionError("no directory lists")


DAMAGE: dict[str, Callable[[Path], None]] = {
    "a pack that is gone": lambda repository: packs(repository)[0].unlink(),
    "a pack cut short": lambda repository: os.truncate(packs(repository)[0], 10_000),
    "a broken directory list": lambda repository: flip(directory_pack(repository), 40),
    "a broken index": lambda repository: flip(next((repository / "index").iterdir()), 60),
    "a broken snapshot": lambda repository: flip(next((repository / "snapshots").iterdir()), 60),
    "a snapshot that is gone": lambda repository: next(
        (repository / "snapshots").iterdir()
    ).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_every_kind_of_damage_is_found_and_healed(site: SmallSite, damage: str) -> None:
    for path in packs(site.main):
        path.chmod(0o600)
    DAMAGE[damage](site.main)
    found = site.result("backup", "verify", "main", code=2)
    assert found["status"] == "CRITICAL"
    assert site.status()["main"]["status"] == "CRITICAL"
    healed = site.result("backup", "repair", "main", "--yes")
    assert healed["status"] == "OK", healed
    assert is_whole(site, "main")
    assert {row["status"] for row in site.status().values()} == {"OK"}
    assert site.result("backup", "run")["status"] == "OK"


def test_a_dry_run_and_a_no_change_nothing(site: SmallSite) -> None:
    pack = packs(site.main)[0]
    flip(pack, 5000)
    site.result("backup", "verify", "main", "--read-data", code=2)
    before = sorted((p.relative_to(site.main), p.stat().st_size) for p in site.main.rglob("*"))
    plan = site.result("backup", "repair", "main", "--dry-run", code=1)
    assert plan["packs"] == [pack.name]
    assert len(plan["whole_elsewhere"]) == 2
    refused = site.netops("backup", "repair", "main")
    assert refused.returncode == 64, "nobody is there to say yes"
    assert f"pack {pack.name[:8]}" in refused.stdout
    after = sorted((p.relative_to(site.main), p.stat().st_size) for p in site.main.rglob("*"))
    assert after == before


def test_a_new_backup_on_a_damaged_repository_is_no_success(site: SmallSite) -> None:
    flip(packs(site.main)[0], 5000)
    site.result("backup", "verify", "main", "--read-data", code=2)
    result = site.result("backup", "run", code=1)
    assert result["status"] == "WARNING"
    assert result["type"] == "full", "nothing damaged is stood on"
    assert "main is damaged" in result["summary"]
    assert site.status()["main"]["status"] == "CRITICAL"


def test_damage_found_by_a_check_after_a_backup_is_told_by_that_run(site: SmallSite) -> None:
    packs(site.main)[0].unlink()
    # As if the last check had been yesterday.
    with sqlite3.connect(site.directory / "state/netops.db") as link:
        link.execute("UPDATE verification SET at = '2026-01-01T00:00:00.000Z'")
    result = site.result("backup", "run", code=2)
    assert result["status"] == "CRITICAL"
    assert "damaged: pack" in result["summary"]
    assert catalogue(site, "SELECT COUNT(*) FROM damage WHERE healed_at IS NULL")[0][0] > 0
