"""The second engine: pysnmp, for SET on devices that our engine cannot please, and as the oracle."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from netops.core.errors import AccessError, NetopsError, UnreachableError
from netops.snmp import ber, oid, pdu
from netops.snmp.ber import Varbind
from netops.snmp.engine import Traits
from netops.snmp.engines.address import resolve
from netops.snmp.model import Outcome, Talk, Target, User
from netops.snmp.pdu import Request, Response

DEFAULT_WINDOW = 8  # more, and its own slowness looks like loss
_REFUSED = ("unknownUserName", "wrongDigest", "decryptionError", "unsupportedSecurityLevel")
_NAMED = ("UnknownUserName", "WrongDigest", "DecryptionError", "UnsupportedSecurityLevel")


class PysnmpEngine:
    """Leads the same conversations through pysnmp's asyncio interface."""

    traits = Traits(window=DEFAULT_WINDOW, can_set=True)

    def __init__(self, *, window: int = DEFAULT_WINDOW) -> None:
        """Keep at most `window` requests out at a time."""
        self.window = window

    def converse(self, talks: Iterable[Talk]) -> Iterator[Outcome]:
        """Lead every conversation to its end and yield the outcomes as they come."""
        loop = asyncio.new_event_loop()
        outcomes = self._outcomes(iter(talks))
        try:
            while True:
                try:
                    yield loop.run_until_complete(anext(outcomes))
                except StopAsyncIteration:
                    return
        finally:
            loop.run_until_complete(outcomes.aclose())  # type: ignore[attr-defined]
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

    def close(self) -> None:
        """Do nothing: everything lives no longer than a batch."""

    async def _outcomes(self, talks: Iterator[Talk]) -> AsyncIterator[Outcome]:
        from pysnmp.hlapi.v3arch.asyncio import SnmpEngine

        engine = SnmpEngine()
        tasks: set[asyncio.Task[Outcome]] = set()
        try:
            while True:
                while len(tasks) < self.window and (talk := next(talks, None)) is not None:
                    tasks.add(asyncio.create_task(_lead(engine, talk)))
                if not tasks:
                    return
                done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            engine.close_dispatcher()


async def _lead(engine: Any, talk: Talk) -> Outcome:
    outcome = Outcome(talk)
    began_s = asyncio.get_running_loop().time()
    try:
        ask = await _asker(engine, talk.target)
        outcome.value = await _converse(ask, outcome)
    except NetopsError as error:
        outcome.error = error
    outcome.duration_s = asyncio.get_running_loop().time() - began_s
    return outcome


async def _converse(ask: Any, outcome: Outcome) -> Any:
    conversation = outcome.talk.conversation
    try:
        request = next(conversation)
        while True:
            outcome.sent += 1
            try:
                response = await ask(request)
            except UnreachableError as error:
                request = conversation.throw(error)
                continue
            outcome.answered += 1
            request = conversation.send(response)
    except StopIteration as stop:
        return stop.value


async def _asker(engine: Any, target: Target) -> Any:
    """Return a function from request to response for one agent."""
    from pysnmp.hlapi.v3arch import asyncio as api

    family, address = resolve(target.host, target.port)
    kind = api.Udp6TransportTarget if family.name == "AF_INET6" else api.UdpTransportTarget
    transport = await kind.create(address[:2], timeout=target.timeout_s, retries=target.retries)
    auth = _auth(api, target)
    name = target.auth.context if isinstance(target.auth, User) else ""
    context = api.ContextData(contextName=name.encode())

    async def ask(request: Request) -> Response:
        bindings = [_binding(api, request, number) for number in range(len(request.oids))]
        options = {"lookupMib": False}
        common = (engine, auth, transport, context)
        if request.kind == pdu.GET_BULK:
            counts = (request.non_repeaters, request.repetitions)
            answer = await api.bulk_cmd(*common, *counts, *bindings, **options)
        else:
            commands = {pdu.GET: api.get_cmd, pdu.GET_NEXT: api.next_cmd, pdu.SET: api.set_cmd}
            answer = await commands[request.kind](*common, *bindings, **options)
        return _response(target, request, answer)

    return ask


def _auth(api: Any, target: Target) -> Any:
    user = target.auth
    if not isinstance(user, User):
        return api.CommunityData(user.name, mpModel=0 if target.version == "1" else 1)
    auths = {
        "md5": api.USM_AUTH_HMAC96_MD5, "sha1": api.USM_AUTH_HMAC96_SHA,
        "sha224": api.USM_AUTH_HMAC128_SHA224, "sha256": api.USM_AUTH_HMAC192_SHA256,
        "sha384": api.USM_AUTH_HMAC256_SHA384, "sha512": api.USM_AUTH_HMAC384_SHA512,
    }  # fmt: skip
    privacies = {
        "des": api.USM_PRIV_CBC56_DES, "aes128": api.USM_PRIV_CFB128_AES,
        "aes192": api.USM_PRIV_CFB192_AES_BLUMENTHAL, "aes256": api.USM_PRIV_CFB256_AES_BLUMENTHAL,
        "aes192-reeder": api.USM_PRIV_CFB192_AES, "aes256-reeder": api.USM_PRIV_CFB256_AES,
    }  # fmt: skip
    options: dict[str, Any] = {}
    if user.auth:
        options |= {"authKey": user.auth_password, "authProtocol": auths[user.auth]}
    if user.privacy:
        options |= {"privKey": user.privacy_password, "privProtocol": privacies[user.privacy]}
    return api.UsmUserData(user.name, **options)


def _binding(api: Any, request: Request, number: int) -> Any:
    name = api.ObjectIdentity(oid.text_of(request.oids[number]))
    if not request.values:
        return api.ObjectType(name)
    from pysnmp.proto import rfc1902

    types = {
        ber.INTEGER: rfc1902.Integer32, ber.OCTETS: rfc1902.OctetString,
        ber.IP_ADDRESS: rfc1902.IpAddress, ber.COUNTER32: rfc1902.Counter32,
        ber.GAUGE32: rfc1902.Gauge32, ber.TICKS: rfc1902.TimeTicks, ber.OPAQUE: rfc1902.Opaque,
        ber.COUNTER64: rfc1902.Counter64,
    }  # fmt: skip
    tag, value = request.values[number]
    if tag == ber.OID and isinstance(value, bytes):
        return api.ObjectType(name, rfc1902.ObjectIdentifier(oid.text_of(value)))
    return api.ObjectType(name, types[tag](value))


def _response(target: Target, request: Request, answer: Any) -> Response:
    problem, status, position, bindings = answer
    if problem is not None:
        what = type(problem).__name__
        if what in _NAMED or what in _REFUSED:
            raise AccessError(f"{target.host} refused the user: {problem}")
        raise UnreachableError(
            f"{target.host} port {target.port} does not answer: {problem}",
            hint="check address, firewall, community or user",
        )
    if request.kind == pdu.GET_NEXT and int(status) == pdu.NO_SUCH_NAME:
        return Response(int(status), int(position), [])
    return Response(int(status), int(position), [_plain(binding) for binding in bindings])


def _plain(binding: Any) -> Varbind:
    """Return a binding as our octets."""
    from pyasn1.codec.ber import encoder

    name, value = binding
    content = oid.encode_parts(list(map(int, tuple(name))))
    raw = encoder.encode(value)
    tag, start, end = ber.read(raw, 0, len(raw))
    return content, tag, ber.decode_value(tag, raw[start:end])
