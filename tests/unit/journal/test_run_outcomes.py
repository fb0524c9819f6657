"""The outcome of a run is on record however many targets it had."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netops.app import Site
from netops.core.ids import new_id
from netops.core.results import Report, Result
from netops.core.status import Status
from netops.journal.runs import RESULTS, TARGETS, RunBook
from netops.journal.verify import verify

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "netops.yaml").write_text("site: {name: Test, origin: test.example.org}\n")
    made = Site(tmp_path / "netops.yaml")
    yield made
    made.close()


def recorded(site: Site, results: list[Result]) -> list[dict[str, object]]:
    """Record a run and return its results as the journal has them."""
    book, run_id = RunBook(site.journal, site.database), new_id()
    book.begin(run_id, "test", [one.target for one in results], {})
    book.end(Report(run_id, "test", AT, AT, results))
    entries = [*site.journal.entries(kind=RESULTS), *site.journal.entries(kind="run.end")]
    assert entries[-1].detail.get("earlier_results", []) == [one.seq for one in entries[:-1]]
    assert not verify(site.journal_directory).findings
    found: list[dict[str, object]] = []
    for entry in entries:
        portion = entry.detail["results"]
        assert isinstance(portion, list)
        found += portion
    return found


def test_ten_thousand_results_are_kept_in_several_entries(site: Site) -> None:
    results = [Result(f"sw-{n}", Status.OK, "x" * 200, {"serial": n}) for n in range(10_000)]
    found = recorded(site, results)
    assert [one["target"] for one in found] == [one.target for one in results]
    assert found[-1]["serial"] == 9999


def test_a_result_too_large_for_any_entry_keeps_its_status_and_loses_its_facts(site: Site) -> None:
    huge = Result("sw-1", Status.CRITICAL, "交" * 400_000, {"found": ["交"] * 300_000})
    (found,) = recorded(site, [huge])
    assert (found["status"], found["shortened"]) == ("CRITICAL", True)
    assert "found" not in found


def test_few_results_stay_in_the_outcome_itself(site: Site) -> None:
    assert len(recorded(site, [Result("a", Status.OK, "fine")])) == 1
    assert not list(site.journal.entries(kind=RESULTS))


def begun(site: Site, names: list[str]) -> RunBook:
    book = RunBook(site.journal, site.database)
    book.begin(new_id(), "test", names, {})
    return book


def named(site: Site) -> list[str]:
    """Return the targets of all intents, in the order they were written."""
    entries = [*site.journal.entries(kind="run.begin"), *site.journal.entries(kind=TARGETS)]
    found: list[str] = []
    for entry in entries:
        targets = entry.detail["targets"]
        assert isinstance(targets, list)
        found += targets
    return found


def test_a_run_with_thirty_thousand_targets_is_begun_and_names_them_all(site: Site) -> None:
    names = [f"switch-with-a-rather-long-name-{n:05d}.campus.example.org" for n in range(30_000)]
    begun(site, names)
    assert named(site) == names
    (intent,) = site.journal.entries(kind="run.begin")
    assert intent.detail["targets_in_all"] == 30_000
    assert not verify(site.journal_directory).findings


def test_a_large_run_that_was_lost_is_told_in_a_line_that_can_be_read(site: Site) -> None:
    book = begun(site, [f"sw-{n}" for n in range(30_000)])
    (line,) = book.lost(lambda _: False)
    assert "sw-9 and 29,990 more) of" in line
    assert len(line) < 300


def test_few_targets_stay_in_the_intent_itself(site: Site) -> None:
    begun(site, ["a", "b"])
    (intent,) = site.journal.entries(kind="run.begin")
    assert intent.detail["targets"] == ["a", "b"]
    assert "targets_in_all" not in intent.detail
    assert not list(site.journal.entries(kind=TARGETS))
