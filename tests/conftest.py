"""Fixtures for every kind of test: sites with initialised repositories, made fresh or shared."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import sites, warm
from tests.lab.fixtures import adverse_lab, faults, lab
from tests.sites import Site, make_site

__all__ = ["adverse_lab", "faults", "lab"]

# A slow machine is no defect: examples have no deadline of their own, pytest's holds for all of them.
_patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _patient, max_examples=60, derandomize="CI" in os.environ)
settings.register_profile("thorough", _patient, max_examples=2000, derandomize=False)
settings.load_profile(os.environ.get("NETOPS_TEST_EXAMPLES", "quick"))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site of its own with empty repositories."""
    return make_site(tmp_path / "site")


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every start of the command one of a new interpreter, as users start it."""
    monkeypatch.setenv("NETOPS_TEST_COLD", "1")


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with one good full backup in both places, shared by a module: do not change it."""
    made = make_site(tmp_path_factory.mktemp("module") / "site")
    made.backup()
    return made


@pytest.fixture(scope="session", autouse=True)
def _shared_things_discarded() -> Iterator[None]:
    yield
    warm.end()
    sites.discard_templates()
