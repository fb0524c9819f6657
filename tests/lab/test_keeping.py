"""Labs do not touch each other, and nothing is left of one, however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import view
from tests.lab.build import attach, names, up
from tests.lab.faults import Faults
from tests.lab.fixtures import need_lab
from tests.lab.keeping import sweep
from tests.lab.lab import Lab
from tests.lab.topology import Node, Port, Topology, pair
from tests.lab.waiting import await_neighbours, until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def small() -> Iterator[Lab]:
    need_lab()
    made = up(pair())
    yield made
    made.down()


def processes(lab_name: str) -> list[str]:
    """Return the processes that work for a lab: its process 1 names it, the others descend from it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/mountinfo"):
        try:
            if f"/netops-lab/{lab_name}/" in path.read_text():
                found.append((path.parent / "cmdline").read_text())
        except OSError:
            continue
    return found


def left(lab: Lab) -> list[str]:
    """Return what is still there of a lab."""
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    shown = [line for line in links.splitlines() if f" {lab.keeper.interface}@" in line]
    folder = [str(lab.directory)] if lab.directory.exists() else []
    return [*shown, *processes(lab.keeper.name), *folder]


def owner(*, name: str) -> "subprocess.Popen[str]":
    """Start a process that owns a lab, and wait until it stands."""
    program = (
        "import sys; from tests.lab.build import up; from tests.lab.topology import pair;"
        f"up(pair(), name={name!r}); print('up', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def close(process: "subprocess.Popen[str]") -> None:
    process.wait()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.close()


def test_nothing_is_left_when_the_owner_is_killed() -> None:
    need_lab()
    name = f"killed-{os.getpid()}"
    process = owner(name=name)
    lab = attach(name)
    assert len(processes(name)) > 6, "else this test could not see any that are left"
    assert len(left(lab)) > 8
    process.kill()
    close(process)
    until([f"gone: {name}"], lambda: not left(lab))


def test_a_lab_whose_owner_died_is_swept_even_if_somebody_holds_its_pipe() -> None:
    need_lab()
    name = f"held-{os.getpid()}"
    process = owner(name=name)
    lab = attach(name)
    with (lab.directory / "control").open("w"):
        assert name not in sweep()
        process.kill()
        close(process)
        assert left(lab)
        assert name in sweep()
        until([f"gone: {name}"], lambda: not left(lab))


def test_nothing_is_left_after_down(small: Lab) -> None:
    assert left(small)
    small.down()
    assert not left(small)


def test_a_lab_that_fails_to_stand_is_taken_down() -> None:
    need_lab()
    before = set(names())
    wrong = Node("bad", "router", "firewall", addresses={"eth1": "no address"})
    with pytest.raises(AssertionError, match="any valid prefix"):
        up(Topology({"bad": wrong}, ()))
    assert set(names()) <= before


def test_labs_side_by_side_do_not_touch_each_other(small: Lab) -> None:
    other = up(pair())
    try:
        assert other.network != small.network
        Faults(other).unplug("one", "ge1")
        Faults(other).change_serial("two", "OTHER")
        await_neighbours(other)
        until("the serial", lambda: view.text(other, "two", view.SERIAL) == "OTHER")
        await_neighbours(small)
        assert view.neighbours(small, "one") == {Port("one", "ge1"): Port("two", "ge1")}
        assert view.text(small, "two", view.SERIAL) == "TWO"
        reached = small.run(
            "bash", "-c", f"exec 3<>/dev/tcp/{other.address('one')}/161", check=False
        )
        assert reached == ""
        assert not routes_to(small, other.address("one"))
    finally:
        other.down()
    assert view.answers(small, "one")


def routes_to(lab: Lab, address: str) -> str:
    """Return how a node of the lab would reach an address."""
    return lab.run("ip", "route", "get", address, node="one", check=False)


def test_a_node_ends_with_its_process_one(small: Lab) -> None:
    os.kill(small.pid("one"), signal.SIGKILL)
    until("one is silent", lambda: not view.answers(small, "one"))
    assert view.answers(small, "two")
