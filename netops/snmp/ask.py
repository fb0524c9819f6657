"""Conversations of one question: get, get next, set, whatever the agent makes of them."""

from collections.abc import Generator, Sequence
from typing import TypeVar

from netops.core.errors import NetopsError
from netops.snmp import ber, oid, pdu
from netops.snmp.ber import Value, Varbind
from netops.snmp.pdu import Request, Response

T = TypeVar("T")
Asking = Generator[Request, Response, T]
MAX_PER_GET = 24
_SHRINKS = frozenset((pdu.TOO_BIG, pdu.GEN_ERR))


def get(oids: Sequence[bytes]) -> Asking[list[Varbind]]:
    """
    Return one binding per identifier, in order; what is missing has an exception for its tag.

    An agent that cannot answer all at once is asked for less; one v1 name that does not exist
    costs only itself.
    """
    found: list[Varbind] = []
    for start in range(0, len(oids), MAX_PER_GET):
        found += yield from _get(pdu.GET, tuple(oids[start : start + MAX_PER_GET]))
    return found


def get_next(oids: Sequence[bytes]) -> Asking[list[Varbind]]:
    """Return what follows each identifier; the tag END_OF_MIB where nothing does."""
    return (yield from _get(pdu.GET_NEXT, tuple(oids)))


def _get(kind: int, oids: tuple[bytes, ...]) -> Asking[list[Varbind]]:
    if not oids:
        return []
    response = yield Request(kind, oids)
    if response.status == 0:
        return _all_of(response, oids, kind)
    if response.status in _SHRINKS and len(oids) > 1:
        half = len(oids) // 2
        first = yield from _get(kind, oids[:half])
        return first + (yield from _get(kind, oids[half:]))
    if 0 < response.position <= len(oids) and response.status in {pdu.NO_SUCH_NAME, pdu.GEN_ERR}:
        at = response.position - 1
        tag = ber.END_OF_MIB if kind == pdu.GET_NEXT else ber.NO_SUCH_INSTANCE
        rest = yield from _get(kind, oids[:at] + oids[at + 1 :])
        return [*rest[:at], (oids[at], tag, None), *rest[at:]]
    raise refused(response)


def _all_of(response: Response, oids: tuple[bytes, ...], kind: int) -> list[Varbind]:
    """Return a binding for each identifier, even where the agent left some out or mixed them up."""
    answers = response.varbinds
    if len(answers) == len(oids) and (
        kind != pdu.GET
        or all(answer[0] == name for answer, name in zip(answers, oids, strict=True))
    ):
        return answers
    if kind != pdu.GET:
        raise NetopsError("the agent answered another number of bindings than it was asked")
    by_name = {answer[0]: answer for answer in answers}
    return [by_name.get(name, (name, ber.NO_SUCH_INSTANCE, None)) for name in oids]


def set_values(values: Sequence[tuple[bytes, int, Value]]) -> Asking[list[Varbind]]:
    """Set all values or none (RFC 3416 §4.2.5); raise NetopsError with the agent's reason."""
    names = tuple(name for name, _, _ in values)
    response = yield Request(pdu.SET, names, values=tuple((tag, value) for _, tag, value in values))
    if response.status:
        raise refused(response, names)
    return response.varbinds


def refused(response: Response, oids: Sequence[bytes] = ()) -> NetopsError:
    """Return the agent's error as ours."""
    what = pdu.status_text(response.status)
    if 0 < response.position <= len(oids):
        return NetopsError(f"the agent refused {oid.text_of(oids[response.position - 1])}: {what}")
    return NetopsError(f"the agent refused: {what}")
