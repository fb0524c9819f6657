"""What a device is to netops."""

from collections.abc import Mapping
from typing import Any

from netops.core.dataclass import dataclass, field


@dataclass(frozen=True, slots=True)
class Device:
    """One device with everything it inherits."""

    name: str
    host: str
    #: What it is: `switch`, `firewall`, `ups`, `pc` …
    kind: str | None = None
    role: str | None = None
    site: str | None = None
    platform: str | None = None
    #: All groups it belongs to, the nearest first, those behind its groups included.
    groups: tuple[str, ...] = ()
    owner: str | None = None
    #: Name of the SNMP access in netops.yaml.
    snmp: str | None = None
    #: Name of the SSH access in netops.yaml.
    ssh: str | None = None
    tags: frozenset[str] = frozenset()
    data: Mapping[str, Any] = field(default_factory=dict)
    #: Where each value comes from: `role` or `data.rack` → `device`, `group access`, `defaults`.
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the device as plain values for `--json`."""
        return {
            "name": self.name,
            "host": self.host,
            "kind": self.kind,
            "role": self.role,
            "site": self.site,
            "platform": self.platform,
            "groups": list(self.groups),
            "owner": self.owner,
            "snmp": self.snmp,
            "ssh": self.ssh,
            "tags": sorted(self.tags),
            "data": dict(self.data),
            "origins": dict(self.origins),
        }
