"""What an SNMP engine is; tests/contracts checks every one."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError
from netops.core.registry import Registry
from netops.snmp.model import Outcome, Talk

if TYPE_CHECKING:
    from netops.snmp.peers import PeerBook


@dataclass(frozen=True, slots=True)
class Traits:
    """What an engine can do, so that nobody asks for its name."""

    #: Bindings of one batch that are worth asking at once.
    window: int
    #: It can change values on a device.
    can_set: bool
    #: It keeps to a pace.
    can_pace: bool = False
    #: It takes a `book` of what is known of SNMPv3 agents, and adds to it.
    keeps_book: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """How gently to ask, beside one request at a time per device; as fast as possible by default."""

    #: Datagrams to all devices together.
    packets_per_s: float | None = None
    #: Between an answer and the next request to the same device.
    device_gap_s: float = 0.0
    #: Each conversation begins after a random time up to this.
    jitter_s: float = 0.0

    def __post_init__(self) -> None:
        if self.packets_per_s is not None and not self.packets_per_s > 0:
            raise ConfigError("packets per second must be more than 0")
        if not (self.device_gap_s >= 0 and self.jitter_s >= 0):
            raise ConfigError("a pause cannot be negative")


class Engine(Protocol):
    """Exchanges requests and responses with many agents at once."""

    traits: Traits

    def converse(self, talks: Iterable[Talk]) -> Iterator[Outcome]:
        """
        Lead every conversation to its end and yield the outcomes as they come.

        At most one request per agent is out at a time; a lost one is sent again with the same
        request id. Never raises for what an agent does: that is the talk's `error`.
        """

    def close(self) -> None:
        """Let go of sockets; calling it twice is allowed."""


#: Every engine by name; `netops.snmp_engines` is the entry-point group.
ENGINES: Registry[Engine] = Registry(
    "netops.snmp_engines",
    {
        "own": "netops.snmp.engines.own:OwnEngine",
        "pysnmp": "netops.snmp.engines.pysnmp:PysnmpEngine",
    },
)


def engine_of(name: str, book: "PeerBook | None" = None) -> Engine:
    """Return the engine called `name`, with `book` if it can use one; raise ConfigError."""
    kind = ENGINES.get(name)
    if book is not None and kind.traits.keeps_book:
        return kind(book=book)  # type: ignore[call-arg]
    return kind()
