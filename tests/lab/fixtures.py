"""The campus for tests: one per module, and faults that heal when the test ends."""

import functools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.build import up
from tests.lab.faults import Faults
from tests.lab.lab import Lab
from tests.lab.topology import campus
from tests.lab.waiting import settle
from tests.require import need, unavailable

_PROGRAMS = ("ip", "unshare", "nsenter", "snmpd", "snmpbulkwalk", "lldpd", "bash")


def need_lab() -> None:
    """Skip where no lab can be set up; fail where NETOPS_TEST_REQUIRE demands `lab`."""
    need(*_PROGRAMS, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if reason := _obstacle():
        unavailable("lab", reason)


@functools.cache
def _obstacle() -> str:
    if os.geteuid() != 0:
        return "a lab needs root"
    if not os.access("/run", os.W_OK) or not Path("/proc/self/task").exists():
        return "a lab needs /run and /proc"
    make = "ip link add name b type bridge && ip link add name v type veth peer name w"
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-ec", make]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"no namespaces: {done.stderr.strip()}" if done.returncode else ""


def _running(*, adverse: bool) -> Iterator[Lab]:
    need_lab()
    made = up(campus(), adverse=adverse)
    try:
        settle(made)
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The campus of 11 nodes, where all is well. Change it through `faults` only."""
    yield from _running(adverse=False)


@pytest.fixture
def faults(lab: Lab) -> Iterator[Faults]:
    """Faults of the module's campus, undone when the test ends."""
    made = Faults(lab)
    yield made
    made.heal()


@pytest.fixture(scope="module")
def adverse_lab() -> Iterator[Lab]:
    """The same, with port numbers that mislead and MACs for port names."""
    yield from _running(adverse=True)
