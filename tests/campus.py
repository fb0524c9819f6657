"""Campus networks of any size as snapshots, and the same network some changes later."""

import hashlib
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from netops.topology.model import (
    Device,
    DeviceState,
    End,
    Evidence,
    Link,
    LinkState,
    Port,
    Snapshot,
)

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SITES = {
    "en": "Library,Teaching Building A,Teaching Building B,Laboratory,Dormitory North,Dormitory South,"
    "Administration,Sports Hall,Canteen,Medical School,Engineering,Arts",
    "zh_Hans": "图书馆,教学楼A,教学楼B,实验楼,学生公寓北区,学生公寓南区,行政楼,体育馆,食堂,医学院,工学院,艺术学院",
    "zh_Hant": "圖書館,教學樓A,教學樓B,實驗樓,學生宿舍北區,學生宿舍南區,行政大樓,體育館,餐廳,醫學院,工學院,藝術學院",
}
CENTRE = {"en": "Network Centre", "zh_Hans": "网络中心", "zh_Hant": "網路中心"}
_BOXES = {
    "firewall": ("Huawei", "USG6655E", 10_000),
    "core": ("Huawei", "S12700E-8", 100_000),
    "distribution": ("H3C", "S6520X-54QC", 10_000),
    "access": ("Ruijie", "RG-S2952G", 1_000),
    "server": ("Dell", "R750", 10_000),
}


class Campus:
    """A network while it is built."""

    def __init__(self, language: str = "en", seed: int = 1) -> None:
        self.draw = Random(seed)
        self.centre = CENTRE[language]
        self.sites = SITES[language].split(",")
        self.devices: dict[str, Device] = {}
        self.links: list[Link] = []
        self.used: dict[str, int] = defaultdict(int)

    def add(self, name: str, role: str, site: str = "", *, told: bool = True) -> str:
        maker, model, _speed = _BOXES.get(role, ("", "", 0))
        serial = f"{self.draw.getrandbits(40):010X}"
        number = len(self.devices)
        mac = f"02:00:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
        state = DeviceState.ANSWERED if role in _BOXES else DeviceState.INFERRED
        device = Device(
            f"serial:{serial}",
            name,
            state,
            name if role in _BOXES else "",
            role if told else "",
            site or self.centre,
            f"{self.draw.randint(1, 6)}F-{self.draw.randint(101, 630)}",
            (f"10.{number >> 8 & 255}.{number & 255}.1",),
            mac=mac,
            serial=serial,
            maker=maker,
            model=model,
            software="V200R023C00" if maker == "Huawei" else "7.1.070",
            ports={},
        )
        self.devices[device.uid] = device
        return device.uid

    def link(
        self, upper: str, lower: str, speed: int, state: LinkState = LinkState.CONFIRMED
    ) -> None:
        ends = []
        for uid in (upper, lower):
            self.used[uid] += 1
            name = f"ge{self.used[uid]}"
            self.devices[uid].ports[name] = Port(name, is_up=True, speed_mbps=speed)  # type: ignore[index]
            ends.append(End(uid, name))
        a, b = sorted(ends)
        says = tuple(Evidence("lldp", end.device) for end in ends)
        self.links.append(Link(a, b, state, "", says if state is LinkState.CONFIRMED else says[:1]))

    def snapshot(self, at: datetime = AT) -> Snapshot:
        return sealed(Snapshot("", at, self.devices, tuple(self.links)))


def sealed(snapshot: Snapshot) -> Snapshot:
    text = repr((sorted(snapshot.devices), snapshot.links))
    return replace(snapshot, id=hashlib.sha256(text.encode()).hexdigest())


def campus(count: int, language: str = "en", *, told: bool = True, seed: int = 1) -> Snapshot:
    """Return a network of `count` devices; without roles when not `told`."""
    made = Campus(language, seed)
    firewall = made.add("fw1", "firewall", told=told)
    cores = [made.add(f"core{n + 1}", "core", told=told) for n in range(2 if count > 8 else 1)]
    for core in cores:
        made.link(firewall, core, 10_000)
    if len(cores) > 1:
        made.link(cores[0], cores[1], 100_000)
        made.link(cores[0], cores[1], 100_000)
    servers = [made.add(f"srv{n + 1}", "server", told=told) for n in range(min(6, count // 8))]
    for n, server in enumerate(servers):
        made.link(cores[n % len(cores)], server, 10_000)
    dists = []
    for n in range(max(2, count // 13)):
        site = made.sites[n % len(made.sites)]
        dists.append(made.add(f"dist{n + 1}", "distribution", site, told=told))
        for core in cores:
            made.link(core, dists[-1], 10_000)
    _edges(made, dists, count - len(made.devices), told=told)
    return made.snapshot()


def _edges(made: Campus, dists: list[str], count: int, *, told: bool) -> None:
    chain = ""
    for n in range(count):
        upper = dists[n % len(dists)]
        site = made.devices[upper].site
        if n % 29 == 28:
            made.link(chain, made.add("", "unmanaged", site), 1_000, LinkState.ONE_SIDED)
            continue
        edge = made.add(f"acc{n + 1}", "access", site, told=told)
        made.link(chain if n % 17 == 16 else upper, edge, 1_000)
        if n % 4 == 1:
            made.link(dists[(n + 1) % len(dists)], edge, 1_000)
        if n % 23 == 5:
            made.link(upper, edge, 1_000)
        chain = edge


def endpoints(snapshot: Snapshot, seed: int = 1) -> dict[str, int]:
    draw = Random(seed)
    return {
        uid: draw.randint(3, 46)
        for uid, device in snapshot.devices.items()
        if device.role == "access" or device.name.startswith("acc")
    }


def later(snapshot: Snapshot) -> Snapshot:
    """Return the network a day later: one of each change, spread over the campus."""
    by_name = {device.name: uid for uid, device in snapshot.devices.items()}
    made = Campus(seed=99)
    made.devices, made.links = dict(snapshot.devices), list(snapshot.links)
    for link in snapshot.links:
        for end in link.a, link.b:
            made.used[end.device] = max(made.used[end.device], int(end.port[2:]))
    dists = [uid for name, uid in by_name.items() if name.startswith("dist")]
    edges = [uid for name, uid in by_name.items() if name.startswith("acc")]
    new = made.add("acc-new", "access", made.devices[dists[0]].site)
    made.link(dists[0], new, 1_000)
    moved = edges[0]
    old = next(link for link in made.links if moved in {link.a.device, link.b.device})
    made.links.remove(old)
    kept = old.a if old.a.device == moved else old.b
    target = next(uid for uid in dists if uid not in {old.a.device, old.b.device})
    made.used[target] += 1
    a, b = sorted([kept, End(target, f"ge{made.used[target]}")])
    made.links.append(Link(a, b, LinkState.CONFIRMED, "", old.evidence))
    if len(edges) > 5:
        made.link(dists[-1], edges[3], 1_000)
        _drop(made, edges[-1])
        _pull(made, edges[1])
        silent = made.devices[edges[-2]]
        made.devices[silent.uid] = replace(silent, state=DeviceState.STALE)
        made.links = [
            replace(link, state=LinkState.STALE)
            if silent.uid in {link.a.device, link.b.device}
            else link
            for link in made.links
        ]
    return made.snapshot(snapshot.taken_at + timedelta(days=1))


def _drop(made: Campus, uid: str) -> None:
    del made.devices[uid]
    made.links = [link for link in made.links if uid not in {link.a.device, link.b.device}]


def _pull(made: Campus, uid: str) -> None:
    """Pull the last uplink of a device that has several."""
    links = [link for link in made.links if uid in {link.a.device, link.b.device}]
    made.links.remove(links[-1])
