"""Who is who: one uid per box, also where makers cloned serial numbers or a box was asked twice."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from netops.core.dataclass import replace
from netops.topology.evidence.facts import Facts


def identified(everybody: Iterable[Facts]) -> dict[str, Facts]:
    """
    Return the facts by uid: `serial:` before `chassis:`, `mac:` and `address:`.

    A box that was asked at several addresses is one; boxes that share a serial number or a chassis
    id, but no MAC, are several, and what they share identifies none of them.
    """
    boxes = _boxes(sorted(everybody, key=lambda facts: (not facts.is_fresh, facts.asked)))
    names: list[list[str]] = [_candidates(facts) for facts in boxes]
    owners: dict[str, int] = defaultdict(int)
    for candidates in names:
        for name in candidates:
            owners[name] += 1
    found: dict[str, Facts] = {}
    for facts, candidates in zip(boxes, names, strict=True):
        uid = next((name for name in candidates if owners[name] == 1), f"asked:{facts.asked}")
        found[uid] = facts
    return found


def plate(uid: str, everybody: Mapping[str, Facts]) -> str:
    """Return what a person knows a box by and no other has: as it is listed, else its plate's number."""
    facts = everybody.get(uid)
    return (facts.listed_as if facts else "") or uid.partition(":")[2] or uid


def _candidates(facts: Facts) -> list[str]:
    parts = (
        ("serial", facts.serial),
        ("chassis", facts.chassis),
        ("mac", facts.bridge_mac or min(facts.macs, default="")),
        ("address", facts.address or min(facts.addresses, default="")),
    )
    return [f"{kind}:{value}" for kind, value in parts if value]


def _boxes(everybody: Sequence[Facts]) -> list[Facts]:
    """Return each box once; the words of the one in the inventory, or of the first, count."""
    boxes: list[Facts] = []
    keys: tuple[Callable[[Facts], str], ...] = (
        lambda facts: facts.serial,
        lambda facts: facts.chassis,
        lambda facts: facts.bridge_mac,
    )
    places: dict[tuple[int, str], list[int]] = defaultdict(list)
    for facts in everybody:
        near = [
            place
            for number, key in enumerate(keys)
            if key(facts)
            for place in places[number, key(facts)]
        ]
        same = next((place for place in near if _is_same(boxes[place], facts)), None)
        if same is not None:
            boxes[same] = _together(boxes[same], facts)
            continue
        boxes.append(facts)
        for number, key in enumerate(keys):
            if key(facts):
                places[number, key(facts)].append(len(boxes) - 1)
    return boxes


def _is_same(one: Facts, other: Facts) -> bool:
    """Two that share a label are one box when their interfaces are the same ones."""
    if one.serial and other.serial and one.serial != other.serial:
        return False
    mine, theirs = one.macs - {one.chassis}, other.macs - {other.chassis}
    if mine and theirs:
        return len(mine & theirs) * 2 > min(len(mine), len(theirs))
    return one.chassis == other.chassis and one.name == other.name


def _together(one: Facts, other: Facts) -> Facts:
    first, second = (other, one) if other.listed_as and not one.listed_as else (one, other)
    if second.is_fresh and not first.is_fresh:
        first = replace(
            second, listed_as=first.listed_as, role=first.role, site=first.site, asked=first.asked
        )
    addresses = tuple(dict.fromkeys((*first.addresses, *second.addresses)))
    return replace(first, addresses=addresses)
