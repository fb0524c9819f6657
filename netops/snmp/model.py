"""Whom to ask, what is said on the way, and how it ended: plain values for every engine."""

from collections.abc import Generator
from typing import Any, Literal, TypeAlias

from netops.core.dataclass import dataclass, field
from netops.core.errors import ConfigError, NetopsError
from netops.snmp.pdu import Request, Response

Version = Literal["1", "2c", "3"]
AUTHENTICATIONS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
#: `-reeder` is the key extension of Cisco and others; plain AES-192/256 is Blumenthal's.
PRIVACIES = ("des", "aes128", "aes192", "aes256", "aes192-reeder", "aes256-reeder")
_SHORTEST_PASSWORD = 8  # RFC 3414 §11.2

#: What is done with one device: yields requests, gets responses, returns its result.
#: UnreachableError is thrown into it when a request stays unanswered; it may ask for less.
Conversation: TypeAlias = Generator[Request, Response, Any]


@dataclass(frozen=True, slots=True)
class Community:
    """Who asks, in v1 and v2c."""

    name: str = field(default="public", repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """Who asks, in v3; raises ConfigError for what no engine can do."""

    name: str
    auth: str | None = None
    auth_password: str = field(default="", repr=False)
    privacy: str | None = None
    privacy_password: str = field(default="", repr=False)
    context: str = ""

    def __post_init__(self) -> None:
        if self.auth is not None and self.auth not in AUTHENTICATIONS:
            known = ", ".join(AUTHENTICATIONS)
            raise ConfigError(f"no authentication is called {self.auth!r}", hint=f"known: {known}")
        if self.privacy is not None and self.privacy not in PRIVACIES:
            known = ", ".join(PRIVACIES)
            raise ConfigError(f"no privacy is called {self.privacy!r}", hint=f"known: {known}")
        if self.privacy and not self.auth:
            raise ConfigError("SNMPv3 privacy needs authentication (RFC 3414 §1.4.3)")
        for wanted, password in (
            (self.auth, self.auth_password),
            (self.privacy, self.privacy_password),
        ):
            if wanted and len(password.encode()) < _SHORTEST_PASSWORD:
                raise ConfigError("an SNMPv3 password has at least 8 characters (RFC 3414 §11.2)")


@dataclass(frozen=True, slots=True)
class Target:
    """One agent and how to speak with it."""

    host: str
    port: int = 161
    version: Version = "2c"
    auth: Community | User = field(default_factory=Community)
    timeout_s: float = 2.0
    retries: int = 2
    #: Accept answers from another address or port, for devices that send them so.
    loose_source: bool = False

    def __post_init__(self) -> None:
        if (self.version == "3") is not isinstance(self.auth, User):
            raise ConfigError(
                f"{self.host}: SNMP version {self.version} does not go with this kind of auth",
                hint="version 3 needs a user, versions 1 and 2c need a community",
            )


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation with one agent."""

    target: Target
    conversation: Conversation
    #: Whatever the caller wants to find again in the outcome.
    subject: object = None


@dataclass(slots=True)
class Outcome:
    """How a talk ended: either `value` or `error`."""

    talk: Talk
    value: Any = None
    error: NetopsError | None = None
    #: Requests that were answered, and datagrams that went out.
    answered: int = 0
    sent: int = 0
    duration_s: float = 0.0

    @property
    def ok(self) -> bool:
        """Tell whether the conversation reached its end."""
        return self.error is None
