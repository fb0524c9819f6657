"""Our engine: one UDP socket per address family, answers matched by id and source, lost requests sent again."""

import heapq
import os
import select
import socket
import struct
from collections import deque
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Any

from netops.core.errors import NetopsError, UnreachableError
from netops.snmp.ber import WireError
from netops.snmp.engine import Pace, Traits
from netops.snmp.engines.address import resolve
from netops.snmp.engines.brake import Brake
from netops.snmp.message import open_envelope
from netops.snmp.model import Outcome, Talk
from netops.snmp.pdu import Request, Response
from netops.snmp.peers import PeerBook
from netops.snmp.session import Session, session_for

DEFAULT_WINDOW = 200
_BACK_OFF = 1.5
#: Part of the timeout.
_LEAST_WAIT = 0.1
_MAX_AGAIN = 3
_DATAGRAM_BYTES = 65_535
_BUFFER_BYTES = 8 << 20
#: So many datagrams are read before timers may fire even if more wait: a flood must not stop time.
_FLOOD = 20_000
_FIRST_IDENT = 1 << 30
_NEVER_S = float("inf")
_LONGEST_SLEEP_S = 60.0
_SO_RCVBUFFORCE = 33


class OwnEngine:
    """Polls thousands of agents from one thread."""

    traits = Traits(window=DEFAULT_WINDOW, can_set=True, can_pace=True, keeps_book=True)

    def __init__(
        self,
        *,
        window: int = DEFAULT_WINDOW,
        book: PeerBook | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Keep `window` requests out at a time; `book` carries SNMPv3 engine ids across runs."""
        self.window = window
        self.book = PeerBook() if book is None else book
        self.pace = pace

    def converse(self, talks: Iterable[Talk]) -> Iterator[Outcome]:
        """Lead every conversation to its end and yield the outcomes as they come."""
        batch = _Batch(talks, self.window, self.book, self.pace)
        try:
            yield from batch.run()
        finally:
            batch.close()

    def close(self) -> None:
        """Do nothing: sockets live no longer than a batch."""


def _random_idents() -> Iterator[int]:
    """Yield ids that nobody can guess, of 31 bits in four octets; drawn in stock, as draws are dear."""
    while True:
        for number in struct.unpack("256I", os.urandom(1024)):
            yield number & _FIRST_IDENT - 1 | _FIRST_IDENT


class _Call:
    """One conversation on its way."""

    __slots__ = (
        "address", "again", "began_s", "datagram", "first_s", "ident", "not_before_s", "outcome", "request",
        "session", "socket", "started_s", "talk", "tries", "why",
    )  # fmt: skip

    def __init__(self, talk: Talk, link: socket.socket, address: Any, session: Session) -> None:
        self.talk, self.socket, self.address, self.session = talk, link, address, session
        self.outcome = Outcome(talk)
        self.request: Request
        self.datagram = b""
        self.ident = self.tries = self.again = 0
        self.not_before_s = 0.0
        self.began_s = self.started_s = monotonic()
        #: How long to wait after the first try.
        self.first_s = self.wait_s(self.started_s)
        self.why = ""

    def anchor(self, now_s: float) -> None:
        """Start the plan of tries so that the one that goes out now is on time."""
        share = (_BACK_OFF**self.tries - 1) / (_BACK_OFF ** (self.talk.target.retries + 1) - 1)
        self.started_s = now_s - self._total_s() * share

    def wait_s(self, now_s: float) -> float:
        """
        Return how long to wait after a try that goes out now.

        All waits together are timeout x (1 + retries); the tries to come share what is left of it,
        each half as long again as the one before. A try that is late shortens the next waits, but
        to no less than a tenth of the timeout: so all is over within that time and 10 %.
        """
        target = self.talk.target
        left_s = self.started_s + self._total_s() - now_s
        share = (_BACK_OFF - 1) / (_BACK_OFF ** (target.retries + 1 - self.tries) - 1)
        return max(left_s * share, target.timeout_s * _LEAST_WAIT)

    def _total_s(self) -> float:
        return self.talk.target.timeout_s * (1 + self.talk.target.retries)


class _Batch:
    """One call of `converse`: who waits, who is asked, who is done."""

    def __init__(
        self, talks: Iterable[Talk], window: int, book: PeerBook, pace: Pace | None
    ) -> None:
        self._talks = iter(talks)
        self._brake = Brake(pace) if pace else None
        self._window, self._book = window, book
        self._idents = _random_idents()
        self._links: dict[socket.AddressFamily, socket.socket] = {}
        self._poll = select.poll()
        self._pending: dict[int, _Call] = {}
        #: No more talks are to come.
        self._all_begun = False
        self._outbox: list[_Call] = []
        #: When reading began last.
        self._reading_s = 0.0
        self._timers: list[tuple[float, int]] = []
        self._done: deque[Outcome] = deque()
        #: Address → the call that is on, and the talks that wait for it.
        self._busy: dict[Any, _Call] = {}
        self._queues: dict[Any, deque[Talk]] = {}
        self._queued = 0
        self._ready: deque[Talk] = deque()

    def run(self) -> Iterator[Outcome]:
        """Yield outcomes until everybody is done."""
        while True:
            self._begin_more()
            self._send_all()
            if self._done or self._ready:
                while self._done:
                    yield self._done.popleft()
            elif self._pending:
                self._listen()
                self._expire()
            elif self._all_begun:
                return

    def close(self) -> None:
        """Close the sockets, and the conversations that were broken off."""
        for link in self._links.values():
            link.close()
        for call in self._busy.values():
            call.talk.conversation.close()

    # -- beginning and ending

    def _begin_more(self) -> None:
        while self._ready:
            self._queued -= 1
            self._admit(self._ready.popleft())
        while len(self._pending) + self._queued < self._window:
            talk = next(self._talks, None)
            if talk is None:
                self._all_begun = True
                return
            self._admit(talk)
            if len(self._done) > self._window:
                return

    def _admit(self, talk: Talk) -> None:
        try:
            family, address = resolve(talk.target.host, talk.target.port)
            link = self._links.get(family) or self._open(family)
        except NetopsError as error:
            self._done.append(Outcome(talk, error=error))
            return
        if address in self._busy:
            self._queues.setdefault(address, deque()).append(talk)
            self._queued += 1
            return
        session = session_for(talk.target, address[:2], self._book)
        call = self._busy[address] = _Call(talk, link, address, session)
        if self._brake:
            call.not_before_s = self._brake.beginning(call.began_s)
        self._advance(call, None)

    def _open(self, family: socket.AddressFamily) -> socket.socket:
        try:
            link = socket.socket(family, socket.SOCK_DGRAM)
        except OSError as error:
            raise UnreachableError(f"no socket for {family.name}: {error.strerror}") from None
        link.setblocking(False)
        try:
            link.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        except OSError:  # only root may have more than net.core.rmem_max
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._poll.register(link, select.POLLIN)
        self._links[family] = link
        return link

    def _finish(self, call: _Call, value: object = None, error: NetopsError | None = None) -> None:
        outcome = call.outcome
        outcome.value, outcome.error = value, error
        outcome.duration_s = monotonic() - call.began_s
        self._done.append(outcome)
        del self._busy[call.address]
        queue = self._queues.get(call.address)
        if queue:
            self._ready.append(queue.popleft())  # not at once: failures must not nest
        elif queue is not None:
            del self._queues[call.address]

    # -- asking

    def _advance(self, call: _Call, response: Response | None) -> None:
        try:
            call.request = call.talk.conversation.send(response)  # type: ignore[arg-type]
        except StopIteration as stop:
            self._finish(call, stop.value)
        except NetopsError as error:
            self._finish(call, error=error)
        else:
            call.again = 0
            self._ask(call)

    def _ask(self, call: _Call) -> None:
        ident = next(self._idents)
        while ident in self._pending:
            ident = next(self._idents)
        try:
            call.datagram = call.session.seal(call.request, ident)
        except (ValueError, NetopsError) as error:
            self._finish(call, error=NetopsError(f"this cannot be asked: {error}"))
            return
        call.ident, call.tries = ident, 0
        self._pending[ident] = call
        call.started_s = monotonic()
        self._queue(call, call.started_s)

    def _queue(self, call: _Call, now_s: float) -> None:
        if not self._brake or self._brake.lets(now_s, call.not_before_s, call.ident):
            self._outbox.append(call)

    def _send_all(self) -> None:
        """
        Send what has gathered while reading.

        Together, because a send that wakes a sleeping receiver (an agent on this machine, a network
        card) costs several times one that finds it awake.
        """
        outbox, self._outbox = self._outbox, []
        for call in outbox:
            self._send(call, monotonic())

    def _send(self, call: _Call, now_s: float) -> None:
        call.outcome.sent += 1
        try:
            call.socket.sendto(call.datagram, call.address)
        except BlockingIOError:
            pass  # as good as lost on the way: it is sent again
        except OSError as error:
            del self._pending[call.ident]
            reason = (error.strerror or str(error)).lower()
            self._finish(call, error=UnreachableError(f"{call.talk.target.host}: {reason}"))
            return
        if not call.tries:
            call.started_s = now_s
        wait_s = call.wait_s(now_s) if call.tries else call.first_s
        heapq.heappush(self._timers, (now_s + wait_s, call.ident))

    # -- listening

    def _listen(self) -> None:
        due_s = self._timers[0][0] if self._timers else _NEVER_S
        if self._brake:
            due_s = min(due_s, self._brake.next_s())
        wait_s = min(max(0.0, due_s - monotonic()), _LONGEST_SLEEP_S)
        links = list(self._links.values())
        self._poll.poll(wait_s * 1000 + 0.5)
        self._reading_s = monotonic()
        for link in links:
            self._drain(link)

    def _drain(self, link: socket.socket) -> None:
        """
        Read what has come before any timer fires: a busy loop must not mistake itself for loss.

        Nothing is sent meanwhile, so agents that answer at once cannot keep us here and hold up the
        timers of those that do not.
        """
        receive, handle = link.recvfrom, self._receive
        for _ in range(_FLOOD):
            try:
                data, source = receive(_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:
                continue
            handle(data, source)

    def _receive(self, data: bytes, source: Any) -> None:
        try:
            envelope = open_envelope(data)
        except WireError as error:
            if source in self._busy:
                self._busy[source].why = str(error)
            return
        call = self._pending.get(envelope.ident)
        if call is None:
            return
        if source != call.address and not call.talk.target.loose_source:
            call.why = f"an answer came from {source[0]} port {source[1]}"
            return
        try:
            response = call.session.open(envelope)
        except WireError as error:
            call.why = str(error)
            return
        except NetopsError as error:
            del self._pending[envelope.ident]
            self._finish(call, error=error)
            return
        del self._pending[envelope.ident]
        self._answered(call, response)

    def _answered(self, call: _Call, response: Response | None) -> None:
        if self._brake:
            call.not_before_s = self._brake.after_answer(monotonic())
        if response is not None:
            call.outcome.answered += 1
            self._advance(call, response)
            return
        call.again += 1
        if call.again > _MAX_AGAIN:
            host = call.talk.target.host
            error = UnreachableError(f"{host} does not agree on its clock", hint="see its boots")
            self._finish(call, error=error)
            return
        self._ask(call)

    def _expire(self) -> None:
        now_s = monotonic()
        timers, pending = self._timers, self._pending
        for ident in self._brake.released(now_s) if self._brake else ():
            if ident in pending:
                pending[ident].anchor(now_s)
                self._outbox.append(pending[ident])
        while timers and timers[0][0] <= self._reading_s:
            _, ident = heapq.heappop(timers)
            call = pending.get(ident)
            if call is None:
                continue
            if call.tries < call.talk.target.retries:
                call.tries += 1
                self._queue(call, now_s)
            else:
                del pending[ident]
                self._silent(call)

    def _silent(self, call: _Call) -> None:
        target = call.talk.target
        what = f"{target.host} port {target.port} does not answer"
        error = UnreachableError(
            f"{what}: {call.why}" if call.why else what,
            hint="check address, firewall, community or user",
        )
        try:
            call.request = call.talk.conversation.throw(error)
        except StopIteration as stop:
            self._finish(call, stop.value)
        except NetopsError as failure:
            self._finish(call, error=failure)
        else:
            self._ask(call)
