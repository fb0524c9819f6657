"""What an exporter of the topology must do, and the names by which exporters are chosen."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from netops.core.dataclass import dataclass
from netops.core.registry import Registry
from netops.topology.model import Endpoint, Snapshot


@dataclass(frozen=True, slots=True)
class Traits:
    """What an exporter makes."""

    #: Ending of its file, with the dot.
    suffix: str
    #: Several files, to be written into a directory.
    is_set: bool = False


class Exporter(Protocol):
    """Turns one snapshot into files of one format."""

    traits: Traits

    def files(self, snapshot: Snapshot, endpoints: Sequence[Endpoint]) -> Mapping[str, str]:
        """
        Return the text of each file by its name.

        Names and all else that devices say are hostile: whatever they hold, the files must be
        well-formed and nothing in them may act.
        """


EXPORTERS: Registry[Exporter] = Registry(
    "netops.topology_exporters",
    {
        "dot": "netops.topology.exporters.dot:DotExporter",
        "drawio": "netops.topology.exporters.drawio:DrawioExporter",
        "graphml": "netops.topology.exporters.graphml:GraphmlExporter",
        "json": "netops.topology.exporters.plain:JsonExporter",
        "netbox": "netops.topology.exporters.netbox:NetboxExporter",
    },
)
