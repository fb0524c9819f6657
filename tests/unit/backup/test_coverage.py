"""Coverage: every server, job and repository that is not protected is named, and none that is."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.backup.coverage import (
    Cover,
    CoveragePolicy,
    Question,
    assess,
    coverage_policy,
    full_reads,
    offsite_copies,
    servers,
    unknown_devices,
)
from netops.backup.model import BackupPlan, Job, Kind, Repository, Source
from netops.backup.soundness import Reading, Soundness
from netops.backup.status import Protection
from netops.core.errors import UsageError
from netops.core.status import Status
from netops.inventory.model import Device
from tests import catalogue_site
from tests.catalogue_site import NOW

DAY = timedelta(days=1)
OK, WARNING, CRITICAL, UNKNOWN = Status


def job(name: str, *protects: str, offsite: tuple[str, ...] = ("offsite",)) -> Job:
    source = Source("files", {"path": "/"})
    return Job(name, (source,), "main", offsite, max_age_s=2 * 86_400, protects=protects)


def question(*jobs: Job, devices: tuple[str, ...] = ("db-1", "www-1"), **policy: Any) -> Question:
    repositories = {name: Repository(name, "/x", "file:p") for name in ("main", "offsite")}
    plan = BackupPlan(repositories, {one.name: one for one in jobs})
    found = [Device(name, f"{name}.example.org", role="server") for name in devices]
    switch = Device("sw-1", "10.0.0.1", role="access")
    return Question(plan, [*found, switch], "db-1", CoveragePolicy(**policy), NOW)


def seen(name: str, at: datetime | None, location: str = "main") -> Protection:
    role = "primary" if location == "main" else "offsite"
    return Protection(name, location, role, OK, at, Kind.FULL, 0, None, None, None, None, "")


def states(covers: list[Cover]) -> dict[str, Status]:
    return {cover.name: cover.status for cover in covers}


def text(cover: Cover) -> str:
    return str(cover.as_dict()["reason"])


def test_a_server_without_a_job_is_critical_and_a_switch_is_not_asked_for() -> None:
    asked = question(job("db", "db-1"))

    covers = servers(asked, [seen("db", NOW)])

    assert states(covers) == {"db-1": OK, "www-1": CRITICAL}
    assert text(covers[1]) == "no job protects it"


@pytest.mark.parametrize(
    ("age", "status"), [(0, OK), (1.7, OK), (1.9, WARNING), (2.1, CRITICAL), (None, CRITICAL)]
)
def test_a_server_is_as_good_as_its_newest_backup(age: float | None, status: Status) -> None:
    at = None if age is None else NOW - age * DAY

    (cover, _) = servers(question(job("db", "db-1")), [seen("db", at)])

    assert (cover.status, cover.at) == (status, at)


def test_a_copy_offsite_protects_when_the_primary_is_gone() -> None:
    rows = [seen("db", None), seen("db", NOW, "offsite")]

    assert servers(question(job("db", "db-1")), rows)[0].status is OK


def test_every_job_of_a_server_counts() -> None:
    asked = question(job("db", "db-1"), job("files", "db-1"), devices=("db-1",))

    (cover,) = servers(asked, [seen("db", NOW), seen("files", NOW - 5 * DAY)])

    assert (cover.status, cover.by, cover.at) == (CRITICAL, ("db", "files"), NOW - 5 * DAY)
    assert text(cover) == "the newest backup of job files is too old"


def test_a_job_that_names_nobody_protects_this_machine() -> None:
    covers = servers(question(job("etc")), [seen("etc", NOW)])

    assert {cover.name: cover.by for cover in covers} == {"db-1": ("etc",), "www-1": ()}


def test_an_address_of_the_inventory_is_this_machine_as_well() -> None:
    asked = replace(question(job("etc")), origin="www-1.example.org")

    assert states(servers(asked, [seen("etc", NOW)])) == {"db-1": CRITICAL, "www-1": OK}


def test_no_server_at_all_is_unknown_never_ok() -> None:
    (cover,) = servers(question(job("etc"), devices=()), [])

    assert cover.status is UNKNOWN
    assert text(cover) == "no device of the inventory matches role=server"


def test_the_selector_chooses_the_servers() -> None:
    asked = question(job("x", "sw-1"), servers="role=access")

    assert states(servers(asked, [seen("x", NOW)])) == {"sw-1": OK}
    with pytest.raises(UsageError):
        servers(question(servers="colour=blue"), [])


@pytest.mark.parametrize(
    ("offsite", "age", "limit_s", "status"),
    [
        ((), 0, None, CRITICAL),
        (("offsite",), None, None, CRITICAL),
        (("offsite",), 0.5, None, OK),
        (("offsite",), 3, None, CRITICAL),
        (("offsite",), 3, 4 * 86_400.0, OK),
        (("offsite",), 0.5, 3600.0, CRITICAL),
    ],
)
def test_a_job_needs_a_fresh_copy_elsewhere(
    offsite: tuple[str, ...], age: float | None, limit_s: float | None, status: Status
) -> None:
    at = None if age is None else NOW - age * DAY
    rows = [seen("db", NOW), seen("db", at, "offsite")]

    (cover,) = offsite_copies(question(job("db", offsite=offsite), offsite_age_s=limit_s), rows)

    assert cover.status is status


@pytest.mark.parametrize(
    ("read", "first", "status", "reason"),
    [
        (1, 400, OK, ""),
        (36, 400, WARNING, "not read back in full for 36 days"),
        (71, 400, CRITICAL, "not read back in full for 71 days"),
        (None, 3, OK, "not read back in full yet"),
        (None, 40, WARNING, "not read back in full for 40 days"),
        (None, None, OK, "nothing is stored there yet"),
    ],
)
def test_a_repository_is_read_within_the_policy(
    read: int | None, first: int | None, status: Status, reason: str
) -> None:
    reads = {} if read is None else {"main": NOW - read * DAY}
    firsts = {} if first is None else {"main": NOW - first * DAY}

    cover = full_reads(question(), reads, firsts)[0]

    assert (cover.status, text(cover)) == (status, reason)
    assert cover.at == reads.get("main")


def test_a_repository_may_have_a_policy_of_its_own() -> None:
    reads = {"main": NOW - 10 * DAY, "offsite": NOW - 10 * DAY}

    covers = full_reads(question(read_within_of={"offsite": 7 * 86_400.0}), reads, {})

    assert states(covers) == {"main": OK, "offsite": WARNING}


def test_devices_that_the_inventory_lacks_are_named() -> None:
    asked = question(job("a", "db-1", "ghost"), job("b", "ghost", "spook"))

    covers = unknown_devices(asked)

    assert {cover.name: cover.by for cover in covers} == {"ghost": ("a", "b"), "spook": ("b",)}
    assert {cover.status for cover in covers} == {WARNING}


@given(st.floats(0, 60), st.floats(0, 60))
def test_an_older_backup_is_never_better(one: float, other: float) -> None:
    asked = question(job("db", "db-1"), devices=("db-1",))
    younger, older = sorted((one, other))

    def status(age: float) -> Status:
        return servers(asked, [seen("db", NOW - age * DAY)])[0].status

    assert Status.worst([status(younger), status(older)]) is status(older)


def test_the_policy_is_read_from_netops_yaml() -> None:
    cadences = {"a": {"data": "weekly"}, "b": {"data": "never"}, "c": {}}
    data: dict[str, Any] = {
        "coverage": {"servers": "tag=vital", "offsite_age": 7200},
        "repositories": {name: {"verify": value} for name, value in cadences.items()},
    }

    policy = coverage_policy(data)

    assert (policy.servers, policy.offsite_age_s) == ("tag=vital", 7200)
    assert policy.read_within_of == {"a": 7 * 86_400 * 1.25}
    assert policy.read_within_s == 35 * 86_400
    assert coverage_policy(data, "name=x").servers == "name=x"
    assert coverage_policy({}) == CoveragePolicy()
    data["coverage"]["read_within"] = 86_400
    policy = coverage_policy(data)
    assert (policy.read_within_s, policy.read_within_of) == (86_400, {})


def test_a_repository_read_in_portions_counts_when_all_were_read(tmp_path: Path) -> None:
    site = catalogue_site.make(tmp_path / "site")
    catalogue_site.add_backup(site, at=NOW - 50 * DAY)
    memory = Soundness(site.database)
    for part, age in ((1, 9), (2, 3)):
        memory.put_reading("main", Reading(2, part, NOW - age * DAY), catalogue_site.RUN)
    memory.put_reading("offsite", Reading(2, 1, NOW), catalogue_site.RUN)

    covers = {cover.name: cover for cover in assess(question(), [], site.database)}
    site.close()

    assert (covers["main"].status, covers["main"].at) == (OK, NOW - 9 * DAY)
    assert (covers["offsite"].status, covers["offsite"].at) == (WARNING, None)
