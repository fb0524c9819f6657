"""Runs, copies and checks that meet in one repository wait for each other instead of failing."""

from netops.backup.restic import client
from netops.backup.restic.access import Access
from netops.core.secrets import Secret
from tests.faults.slow import in_the_middle, slow_down, speed_up
from tests.sites import PASSWORD, Site


def with_second_job(site: Site) -> None:
    jobs = site.settings["backup"]["jobs"]
    jobs["second"] = {"sources": [str(site.source / "folder")], "repository": "main"}
    site.write()


def test_check_after_a_backup_does_not_disturb_the_copy_of_another_job(site: Site) -> None:
    with_second_job(site)
    slow_down(site, "offsite")
    with in_the_middle(site, "copy", site.offsite) as (process, _):
        done = site.netops("backup", "run", "second")
        assert (done.code, done.err) == (0, ""), done
        assert process.poll() is None
        process.terminate()
        process.wait(60)
    speed_up(site)
    done = site.netops("backup", "run", "second")
    assert done.code == 0
    assert site.status()["main"]["verified_at"] is not None


def test_jobs_side_by_side_never_fail_over_each_others_locks(site: Site) -> None:
    jobs = site.settings["backup"]["jobs"]
    for number in range(3):
        jobs[f"more-{number}"] = dict(site.job)
    # Due after every run, so that copies and checks meet as often as they can.
    for repository in site.repositories.values():
        repository["verify"] = {"structure": "every 1s"}
    site.settings["backup"]["parallel"] = 4
    site.write()
    for _ in range(3):
        done = site.netops("backup", "run")
        assert done.code == 0, done


def test_verify_waits_for_a_copy_that_reads(site: Site) -> None:
    slow_down(site, "offsite")
    site.repositories["offsite"]["limit_upload"] = "500kB"
    site.write()
    with in_the_middle(site, "copy", site.offsite) as (process, _):
        done = site.netops("backup", "verify", "main")
        assert done.code == 0, done
        assert process.wait(60) == 0


def test_restore_waits_for_nobody_but_a_check(site: Site) -> None:
    site.backup()
    slow_down(site, "offsite")
    with in_the_middle(site, "copy", site.offsite) as (process, _):
        target = site.directory / "back"
        done = site.netops("backup", "restore", "data", "--to", str(target))
        assert done.code == 0, done
        assert process.poll() is None


def test_a_lock_let_go_while_it_is_looked_at_keeps_nobody_waiting(site: Site) -> None:
    # Listed, but not there when it is opened: restic alone would look again for most of a minute.
    (site.main / "locks" / ("0" * 64)).symlink_to("let-go")
    access = Access("main", str(site.main), Secret(PASSWORD))
    assert client.locks(access, client.Call(deadline_s=20)) == {}
