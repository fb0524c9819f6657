"""The ways from one device to another over the cables that are known."""

from collections import defaultdict, deque
from collections.abc import Sequence

from netops.core.errors import UsageError
from netops.topology import clean
from netops.topology.model import Device, End, Link, Snapshot

#: A link from the end where one comes in to the end where one goes on.
Step = tuple[End, End, Link]


def shortest(snapshot: Snapshot, start: str, goal: str) -> list[Step]:
    """
    Return the steps of a way with the fewest cables between two uids; nothing where there is none.

    Ports that the spanning tree blocks are avoided where another way is known, whatever its length.
    """
    return _search(snapshot, start, goal, blocked=False) or _search(
        snapshot, start, goal, blocked=True
    )


def _search(snapshot: Snapshot, start: str, goal: str, *, blocked: bool) -> list[Step]:
    around: dict[str, list[Step]] = defaultdict(list)
    for link in snapshot.links:
        if blocked or not any(_is_blocked(snapshot, end) for end in (link.a, link.b)):
            around[link.a.device].append((link.a, link.b, link))
            around[link.b.device].append((link.b, link.a, link))
    came: dict[str, Step | None] = {start: None}
    waiting = deque([start])
    while waiting and goal not in came:
        here = waiting.popleft()
        for step in sorted(around[here], key=lambda step: step[:2]):
            if step[1].device not in came:
                came[step[1].device] = step
                waiting.append(step[1].device)
    steps: list[Step] = []
    back = came.get(goal)
    while back is not None:
        steps.append(back)
        back = came[back[0].device]
    return steps[::-1]


def _is_blocked(snapshot: Snapshot, end: End) -> bool:
    device = snapshot.devices.get(end.device)
    port = device.ports.get(end.port) if device else None
    return port is not None and port.stp in {"blocking", "discarding", "broken"}


def find_device(snapshot: Snapshot, name: str) -> Device:
    """Return the device that is called so in any way; raise UsageError for none or several."""
    wanted = clean.text(name).casefold()
    found = [
        device
        for device in snapshot.devices.values()
        if wanted
        in {
            device.uid.casefold(),
            device.listed_as.casefold(),
            device.name.casefold(),
            device.serial.casefold(),
            device.chassis_id.casefold(),
            *device.addresses,
        }
    ]
    if not found:
        short = clean.short(wanted)
        found = [one for one in snapshot.devices.values() if clean.short(one.name) == short]
    if len(found) != 1:
        names = ", ".join(sorted(device.uid for device in found))
        what = (
            f"several devices are called {name!r}: {names}" if found else f"no device is {name!r}"
        )
        raise UsageError(what, hint="see `netops topology show`")
    return found[0]


def devices_on(steps: Sequence[Step]) -> list[str]:
    """Return the uids on the way, the first and the last too."""
    return [step[0].device for step in steps[:1]] + [step[1].device for step in steps]
