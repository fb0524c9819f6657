"""Set a campus up, or find one that stands."""

import contextlib
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

from tests.lab import wire
from tests.lab.keeping import ROOMS, keep, recall, sweep
from tests.lab.lab import Lab, LabError
from tests.lab.topology import Topology, from_data
from tests.lab.waiting import await_agents, await_neighbours

HERE = Path(__file__).parent
LARGEST = 240


def up(
    topology: Topology,
    *,
    name: str | None = None,
    adverse: bool = False,
    services: Collection[str] = (),
    owned: bool = True,
    wait_s: float = 60,
) -> Lab:
    """
    Set a campus up and return it when all agents answer and have seen their neighbours.

    An owned lab ends with this process, whatever ends it.
    """
    if len(topology.nodes) > LARGEST:
        raise LabError(f"{len(topology.nodes)} nodes are too many to run: {LARGEST} at most")
    sweep()
    lab = Lab(keep(name, owned=owned), topology, adverse, tuple(services), plan=topology)
    try:
        _build(lab)
        await_agents(lab, wait_s)
        await_neighbours(lab, wait_s)
    except BaseException:
        lab.down()
        raise
    return lab


def _build(lab: Lab) -> None:
    topology = lab.topology
    lab.places = {name: place for place, name in enumerate(topology.nodes)}
    if "ssh" in lab.services:
        key = str(lab.directory / "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    for script_name in ("node.sh", "talk.sh"):
        shutil.copy(HERE / script_name, lab.directory)
    lab.batch(wire.build(topology, adverse=lab.adverse))
    script = []
    for node in topology.nodes.values():
        folder = lab.directory / node.name
        folder.mkdir()
        lines = [*([wire.bridge(node)] if node.bridging else []), *lab.power_lines(node)]
        (folder / "links").write_text("".join(f"{line}\n" for line in lines))
        script.append(f"ip -n {node.name} -batch {folder}/links")
        if node.managed:
            lab.write(node, lab.identity())
    lab.run("sh", "-e", text="\n".join(script))
    for node in topology.managed():
        lab.start(node.name)
    for node in topology.nodes.values():
        if node.gateway:
            lab.keeper.tell(f"talk {node.name} {node.gateway}")
    lab.save()


def attach(name: str) -> Lab:
    """Return the lab of this name that another process set up."""
    keeper, known = recall(name)
    return Lab(
        keeper,
        from_data(known["topology"]),
        known["adverse"],
        tuple(known["services"]),
        known["places"],
        from_data(known["plan"]),
    )


def names() -> list[str]:
    """Return the labs that run on this machine."""
    return sorted(path.parent.name for path in ROOMS.glob("*/lab.json"))


def discard(name: str) -> None:
    """End the lab of this name if there is one, whatever state it is in."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        recall(name)[0].end()
