"""From host names to socket addresses, the same way for every engine."""

import socket
from functools import lru_cache
from typing import Any

from netops.core.errors import UnreachableError


def resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """
    Return family and socket address of a host; raise UnreachableError.

    A literal address costs nothing. A name is looked up in the calling thread, once a process.
    """
    if ":" not in host:
        try:
            socket.inet_pton(socket.AF_INET, host)
        except (OSError, ValueError):
            return _looked_up(host, port)
        return socket.AF_INET, (host, port)
    return _looked_up(host, port)


@lru_cache(maxsize=65_536)
def _looked_up(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreachableError(
            f"{host} has no address: {reason.lower()}", hint="check the name in the inventory"
        ) from None
    family, _, _, _, address = found[0]
    return family, address
