"""The `topology` section of netops.yaml."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field

from netops.core.settings import CadenceText, Duration, Name, Section, written


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f"a network such as 10.1.0.0/16 expected (found {text!r})") from None


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"an IP address expected (found {text!r})") from None


def _identifier(text: str) -> str:
    if re.fullmatch(r"\d+(\.\d+)+", text) is None:
        raise ValueError(f"an object identifier such as 1.3.6.1.4.1.9 expected (found {text!r})")
    return text


Network = Annotated[str, AfterValidator(_network)]
Address = Annotated[str, AfterValidator(_address)]
Identifier = Annotated[str, AfterValidator(_identifier)]


class TopologySettings(Section):
    """How the network is discovered, and which rules its endpoints keep."""

    every: CadenceText | None = Field(
        default=None,
        description="How often `netops schedule` scans the topology (default: never by itself).",
        examples=["every 15m"],
    )
    snmp: Name | None = Field(
        default=None,
        description="The access under inventory.snmp for seeds and devices that a crawl finds.",
        examples=["campus"],
    )
    allowed: list[Network] = Field(
        default_factory=list,
        description="Networks in which seeds and a crawl may ask devices that no inventory lists.",
        examples=[["10.1.0.0/16"]],
    )
    denied_devices: list[Identifier] = Field(
        default_factory=list,
        description="Beginnings of sysObjectID: found devices of these kinds are not read.",
        examples=[["1.3.6.1.4.1.8072"]],
    )
    hops: int = Field(
        default=8,
        ge=0,
        le=64,
        description="How far a crawl goes from what is listed.",
        examples=[8],
    )
    max_devices: int = Field(
        default=5_000,
        ge=1,
        le=100_000,
        description="So many devices are asked at most in one scan.",
        examples=[5_000],
    )
    endpoints_every: Duration = Field(
        default=written("1h"),
        description="How old learned addresses and ARP tables may be before they are read again.",
        examples=["15m"],
    )
    tables_every: Duration = Field(
        default=written("1d"),
        description="How old all other tables may be, though no neighbour changed.",
        examples=["1d"],
    )
    removal_scans: int = Field(
        default=2,
        ge=1,
        le=20,
        description="A link that nobody shows, though its ports are up, is gone after so many scans.",
        examples=[2],
    )
    learn_bindings: bool = Field(
        default=True,
        description="True to take new endpoints into the register of bindings by themselves; "
        "false makes every endpoint that is not in it an event.",
        examples=[False],
    )
    dynamic: list[Network] = Field(
        default_factory=list,
        description="Networks in which endpoints get their addresses by DHCP and may change them.",
        examples=[["10.8.0.0/14"]],
    )
    dhcp_servers: list[Address] = Field(
        default_factory=list,
        description="Addresses of the DHCP servers; another MAC that answers for one is an event.",
        examples=[["10.1.0.5"]],
    )
