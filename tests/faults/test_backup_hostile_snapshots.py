"""Snapshots made by somebody who wants a restore to write where it must not."""

import os
import shutil
from pathlib import Path

from tests.sites import Site, tree


def plant(site: Site, *paths: str, run: str = "01HOSTILE", seq: str = "999999") -> None:
    """Store a snapshot in the job's name that will be taken for its newest."""
    site.restic(
        *("backup", "--host", "test.example.org"),
        *("--tag", f"netops,netops-job=data,netops-run={run},netops-seq={seq}"),
        *paths,
    )


def guarded_restore(site: Site, *arguments: str) -> tuple[int, Path]:
    """Restore into a directory; nothing beside it may change."""
    target = site.directory / "cage" / "target"
    target.parent.mkdir()
    leave_out = ("cage/target", "state", ".cache", "repositories")
    before = tree(site.directory, leave_out=leave_out)
    done = site.netops("backup", "restore", "data", "--to", str(target), *arguments)
    assert tree(site.directory, leave_out=leave_out) == before
    assert "Traceback" not in done.err
    return done.code, target


def test_links_that_point_out_are_restored_as_links_and_not_followed(site: Site) -> None:
    outside = site.directory / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    (site.source / "out").symlink_to(outside)
    (site.source / "up").symlink_to("../../../../outside")
    (site.source / "root").symlink_to("/")
    plant(site, str(site.source))
    code, target = guarded_restore(site)
    assert code == 0
    assert (outside / "precious").read_text() == "precious"
    back = target / str(site.source).lstrip("/")
    assert (back / "out").is_symlink()
    assert os.readlink(back / "up") == "../../../../outside"  # noqa: PTH115  as it is written


def test_parts_of_a_path_that_lead_upwards_stay_inside(site: Site) -> None:
    plant(site, f"{site.source}/../source/../../{site.directory.name}/source")
    code, target = guarded_restore(site)
    assert code == 0
    assert (target / str(site.source).lstrip("/") / "file-0.txt").is_file()


def test_path_asked_for_with_dots_does_not_leave_the_target(site: Site) -> None:
    site.backup()
    code, target = guarded_restore(site, "--path", f"{site.source}/../../../../etc/passwd")
    assert code == 64
    assert not list(target.rglob("passwd"))


def test_copy_of_a_database_that_claims_to_belong_elsewhere_stays_inside(site: Site) -> None:
    # The name of a staged copy tells where it belongs; a crafted name must not lead out.
    crafted = site.directory / "x" / "staging" / "data" / "sqlite.copy" / "victim"
    crafted.parent.mkdir(parents=True)
    crafted.write_text("planted")
    plant(site, str(crafted))
    shutil.rmtree(site.directory / "x")
    code, target = guarded_restore(site)
    assert code == 0
    assert (target / "victim").read_text() == "planted"


def test_link_in_the_place_of_a_staged_copys_folder_is_not_followed(site: Site) -> None:
    """A tree in which the folder that a database is moved to is a link out of the target."""
    outside = site.directory / "outside"
    outside.mkdir()
    crafted = site.directory / "x" / "staging" / "data" / "sqlite.copy" / str(site.source)[1:]
    crafted = crafted / "trap" / "evil"
    crafted.parent.mkdir(parents=True)
    crafted.write_text("planted")
    (site.source / "trap").symlink_to(outside)
    plant(site, str(crafted), str(site.source))
    code, _ = guarded_restore(site)
    assert list(outside.iterdir()) == []
    assert code in {0, 2}


def test_tags_that_are_no_numbers_and_no_ids_do_not_stop_a_restore(site: Site) -> None:
    site.backup()
    plant(site, str(site.source / "file-0.txt"), run="../../etc", seq="²")
    plant(site, str(site.source / "file-0.txt"), run="x", seq="9" * 5000)
    code, _ = guarded_restore(site)
    assert code in {0, 2}


def test_snapshot_of_another_job_is_never_taken(site: Site) -> None:
    made = site.backup()
    site.restic(
        "backup", "--tag", "netops,netops-job=data2,netops-seq=9999", str(site.main / "config")
    )
    done = site.netops("backup", "restore", "data", "--to", str(site.directory / "t"), "--json")
    assert done.results()[0]["backup"] == made["backup"]
