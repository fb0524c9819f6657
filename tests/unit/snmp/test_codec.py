"""Encoding and decoding are inverse, nothing malformed gets through, and every decoder says the same."""

import gc
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.snmp import ber, codec, decoder, message, oid, pdu, usm
from netops.snmp.ber import Varbind, WireError
from netops.snmp.codec import Codec
from netops.snmp.model import Community, User
from netops.snmp.pdu import Request
from netops.snmp.replay import ReplayAgent
from netops.snmp.session import CommunitySession
from tests.require import unavailable
from tests.unit.snmp.farm import IF_DESCR, IF_HC_IN, IF_OPER, oids, switch

PARTS = st.lists(st.integers(0, 2**32 - 1), max_size=20).map(lambda rest: [1, 3, *rest])
OIDS = PARTS.map(oid.encode_parts)
VALUES = st.one_of(
    st.tuples(st.just(ber.INTEGER), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.sampled_from([ber.COUNTER32, ber.GAUGE32, ber.TICKS]), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(ber.COUNTER64), st.integers(0, 2**64 - 1)),
    st.tuples(st.sampled_from([ber.OCTETS, ber.IP_ADDRESS, ber.OPAQUE]), st.binary(max_size=300)),
    st.tuples(st.just(ber.OID), OIDS),
    st.tuples(st.sampled_from([ber.NULL, ber.NO_SUCH_OBJECT, ber.END_OF_MIB]), st.none()),
)
VARBINDS = st.tuples(OIDS, VALUES).map(lambda pair: (pair[0], *pair[1]))
COMPILED = codec.compiled()


@pytest.fixture(params=["python", "compiled"], scope="module")
def reader(request: pytest.FixtureRequest) -> Codec:
    found = codec.PYTHON if request.param == "python" else COMPILED
    if found is None:
        unavailable("codec", "the compiled decoder was not built")
        raise AssertionError
    return found


@given(st.lists(VARBINDS, max_size=12))
@settings(max_examples=60)
def test_bindings_come_back_as_they_went(reader: Codec, bindings: list[Varbind]) -> None:
    raw = b"".join(map(ber.encode_varbind, bindings))
    assert reader.decode_varbinds(raw, 0, len(raw)) == bindings
    assert reader.decode_varbinds(raw, 0, len(raw)) == bindings  # from memory


@given(VARBINDS)
def test_the_quick_way_agrees_with_the_thorough_one(binding: Varbind) -> None:
    raw = ber.encode_varbind(binding)
    assert decoder.decode_short(raw) in {None, ber.decode_varbind(raw)}


@given(VARBINDS, st.data())
def test_a_changed_octet_never_makes_the_quick_way_disagree(
    binding: Varbind, data: st.DataObject
) -> None:
    raw = bytearray(ber.encode_varbind(binding))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    quick = decoder.decode_short(bytes(raw))
    if quick is not None:
        assert quick == ber.decode_varbind(bytes(raw))


@given(st.lists(VARBINDS, min_size=1, max_size=4), st.integers(1, 200))
@settings(max_examples=60)
def test_what_is_cut_short_is_refused(reader: Codec, bindings: list[Varbind], cut: int) -> None:
    raw = b"".join(map(ber.encode_varbind, bindings))
    last = len(ber.encode_varbind(bindings[-1]))
    short = raw[: -(1 + cut % (last - 1))]
    with pytest.raises(WireError):
        reader.decode_varbinds(short, 0, len(short))


def test_long_lengths_as_net_snmp_writes_them_are_read(reader: Codec) -> None:
    inner = ber.tlv(ber.OID, oid.encode("1.3.6.1")) + b"\x04\x82\x00\x02ab"
    raw = b"\x30\x82\x00" + bytes([len(inner)]) + inner
    assert reader.decode_varbinds(raw, 0, len(raw)) == [(oid.encode("1.3.6.1"), ber.OCTETS, b"ab")]


@pytest.mark.parametrize(
    ("tag", "content", "value"),
    [
        (ber.COUNTER32, "00ffffffff", 2**32 - 1),
        (ber.COUNTER32, "ffffffff", 2**32 - 1),
        (ber.COUNTER64, "00ffffffffffffffff", 2**64 - 1),
        (ber.COUNTER64, "000000000000000001", 1),
        (ber.COUNTER64, "ff0000000000000001", 1),
        (ber.GAUGE32, "ff", 255),
        (ber.INTEGER, "00ffffffff", 2**32 - 1),
        (ber.INTEGER, "ffffffffffffffff", -1),
        (ber.INTEGER, "00ffffffffffffffff", 2**64 - 1),
        (ber.INTEGER, "ff0000000000000000", -(2**64)),
        (ber.INTEGER, "", 0),
        (ber.TICKS, "", 0),
    ],
)
def test_numbers_of_a_wrong_length_are_tolerated(
    reader: Codec, tag: int, content: str, value: int
) -> None:
    name = oid.encode("1.3.6.1.2.1")
    raw = ber.tlv(0x30, ber.tlv(ber.OID, name) + ber.tlv(tag, bytes.fromhex(content)))
    assert reader.decode_varbinds(raw, 0, len(raw)) == [(name, tag, value)]


@pytest.mark.parametrize(
    "raw",
    [
        "30", "3080", "30820001", "3005060101", "30040601010500", "300406010105",
        "300506018105 00", "30060600040161 61", "300b06012b41081122334455667788 99",
        "300f06012b020a00000000000000000000", "300506012b0700", "300406000500",
        "3085000000000000", "30ff", "3005060101058400000001",
    ],
)  # fmt: skip
def test_malformed_bindings_are_refused(reader: Codec, raw: str) -> None:
    data = bytes.fromhex(raw.replace(" ", ""))
    with pytest.raises(WireError):
        reader.decode_varbinds(data, 0, len(data))


def test_what_is_remembered_is_bounded() -> None:
    name = oid.encode("1.3.6.1.4.1.1")
    for number in range(decoder._REMEMBERED + 10):
        raw = ber.encode_varbind((name + oid.encode_part(number), ber.GAUGE32, number))
        decoder.decode_varbinds(raw, 0, len(raw))
    assert len(decoder._seen) <= decoder._REMEMBERED


def test_what_is_remembered_is_never_taken_for_something_else(reader: Codec) -> None:
    """More bindings than there are places, alike but for an octet at any place, read twice."""
    wanted: list[Varbind] = [
        (oid.encode(f"1.3.6.1.4.1.{number % 97}.{number}"), tag, value)
        for number in range(2500)
        for tag, value in (
            (ber.GAUGE32, number),
            (ber.INTEGER, -number),
            (ber.OCTETS, b"x" * (number % 130)),
            (ber.NO_SUCH_INSTANCE, None),
        )
    ]
    data = b"".join(map(ber.encode_varbind, wanted))
    assert reader.decode_varbinds(data, 0, len(data)) == wanted
    for width in (1, 3):
        some = wanted[-30 * width :] * 2
        data = b"".join(map(ber.encode_varbind, some))
        assert reader.decode_varbinds(data, 0, len(data)) == some


@pytest.mark.parametrize(
    ("tag", "value", "again"),
    [
        (ber.OCTETS, b"Ethernet1", True),
        (ber.INTEGER, 1, True),
        (ber.COUNTER32, 0, True),
        (ber.COUNTER32, 70_000, False),
        (ber.COUNTER64, 0, False),
        (ber.TICKS, 12_345, False),
        (ber.OCTETS, b"x" * 200, False),
    ],
)
def test_what_comes_again_is_decoded_once_and_what_changes_is_not_kept(
    reader: Codec, tag: int, value: ber.Value, again: bool
) -> None:
    data = ber.encode_varbind((oid.encode("1.3.6.1.2.1.2.2.1.2.1001"), tag, value))
    one, two = (reader.decode_varbinds(data, 0, len(data))[0] for _ in range(2))
    assert one == two
    assert (one is two) is again


def test_a_remembered_binding_that_is_cut_short_is_refused(reader: Codec) -> None:
    data = ber.encode_varbind((oid.encode("1.3.6.1.2.1.2.2.1.8.1002"), ber.INTEGER, 1))
    reader.decode_varbinds(data, 0, len(data))
    for cut in range(1, len(data)):
        with pytest.raises(WireError):
            reader.decode_varbinds(data, 0, len(data) - cut)


def answers() -> list[bytes]:
    """Return real answers of every shape."""
    agent = ReplayAgent(switch(12))
    session = CommunitySession("2c", Community())
    names = tuple(oids(IF_DESCR, IF_OPER, IF_HC_IN))
    requests = [
        Request(pdu.GET_BULK, names, 0, 12),
        Request(pdu.GET, names),
        Request(pdu.SET, names[:1], values=((ber.INTEGER, 1),)),
    ]
    try:
        plain = [agent.answer(session.seal(request, 0x41424344)) or b"" for request in requests]
    finally:
        agent.close()
    engine = b"\x80\x00\x00\x00\x05netops"
    keys = usm.keys_of(User("u", "sha256", "maplesyrup", "aes256", "maplesyrup"), engine)
    body = message.scoped(engine, b"", pdu.encode(requests[1], 7))
    headers = [message.Header(7, flags, engine, 3, 99, b"u") for flags in (0, 3)]
    return [*plain, usm.secured(headers[0], body, None), usm.secured(headers[1], body, keys)]


ANSWERS = answers()


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except WireError:
        return WireError


def rewritten(one: Codec, parts: list[Any], payload: bytes) -> tuple[bytes, int]:
    ident, flags, engine_id, boots, time, user, auth, salt = parts
    return one.write_v3(ident, flags, engine_id, boots, time, user, len(auth), salt, payload)


def both(data: bytes) -> tuple[Any, Any]:
    """Return what the two decoders make of one datagram, down to its bindings."""
    assert COMPILED is not None
    found = []
    for one in (codec.PYTHON, COMPILED):
        opened = outcome(one.open_envelope, data)
        result = [opened]
        if opened is not WireError:
            _, _, _, at, end = opened
            result.append(outcome(one.read_pdu, data, at, end))
            taken = outcome(one.read_v3, data, at, end)
            result += [taken, outcome(one.read_scoped, data[at:end])]
            if taken is not WireError:
                *parts, _, payload = taken
                result += [
                    outcome(one.read_scoped, payload),
                    outcome(rewritten, one, parts, payload),
                ]
            behind = outcome(ber.read, data, at, end)
            if behind is not WireError:
                result.append(outcome(one.read_pdu, data, behind[2], end))
        result.append(outcome(one.decode_varbinds, data, 0, len(data)))
        found.append(result)
    return found[0], found[1]


@pytest.mark.skipif(COMPILED is None, reason="the compiled decoder was not built")
def test_both_decoders_make_the_same_of_mutated_answers() -> None:
    chance = random.Random(11)
    good = 0
    for turn in range(6000):
        packet = bytearray(ANSWERS[turn % len(ANSWERS)])
        for _ in range(chance.randint(0, 3)):
            at = chance.randrange(len(packet))
            match chance.randrange(4):
                case 0:
                    packet[at] = chance.choice((0, 1, 2, 4, 5, 6, 9, 0x30, 0x41, 0x46, 0x80, 0x84))
                case 1:
                    packet[at] ^= 1 << chance.randrange(8)
                case 2:
                    del packet[at : at + chance.randint(1, 3)]
                case _:
                    packet[at:at] = packet[max(0, at - 9) : at]
        ours, compiled = both(bytes(packet))
        assert ours == compiled, bytes(packet).hex()
        good += ours[0] is not WireError
    assert good > 1000


@pytest.mark.skipif(COMPILED is None, reason="the compiled decoder was not built")
@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120))
def test_both_decoders_make_the_same_of_noise(data: bytes) -> None:
    for noise in (data, b"\x30" + bytes([min(len(data), 127)]) + data):
        ours, compiled = both(noise)
        assert ours == compiled


NUMBERS = st.one_of(
    st.integers(-(2**72), 2**72),
    st.integers(0, 71).flatmap(lambda bits: st.integers(-2, 2).map(lambda more: 2**bits + more)),
    st.integers(0, 71).flatmap(lambda bits: st.integers(-2, 2).map(lambda more: more - 2**bits)),
)
TEXTS = st.integers(0, 300).map(bytes) | st.sampled_from([0, 127, 128, 255, 256, 65_400]).map(bytes)
HEADER = (3, b"engine", 1, 2, b"user", 24, b"saltsalt", b"payload")


@pytest.mark.skipif(COMPILED is None, reason="the compiled decoder was not built")
@settings(max_examples=200, deadline=None)
@given(
    st.tuples(NUMBERS, st.integers(0, 255), TEXTS, NUMBERS, NUMBERS, TEXTS),
    st.sampled_from([0, 12, 24, 128, 65_000, 70_000]),
    TEXTS,
    TEXTS,
)
def test_both_write_the_same_message_or_refuse_it(
    header: tuple[Any, ...], signature: int, salt: bytes, payload: bytes
) -> None:
    assert COMPILED is not None
    parts = (*header, signature, salt, payload)
    written = outcome(codec.PYTHON.write_v3, *parts)
    assert outcome(COMPILED.write_v3, *parts) == written
    if written is not WireError:
        whole, at = written
        opened = outcome(codec.PYTHON.open_envelope, whole)
        again = codec.PYTHON.read_v3(whole, opened[3], opened[4])
        assert again == (
            header[0], header[1], *header[2:], bytes(signature), salt, at, payload,
        )  # fmt: skip


@pytest.mark.parametrize("number", [-(2**63) - 1, 2**63, 2**71])
def test_a_number_that_no_message_holds_is_not_written(reader: Codec, number: int) -> None:
    with pytest.raises(WireError):
        reader.write_v3(number, *HEADER)
    with pytest.raises(WireError):
        reader.write_v3(1, 3, b"engine", number, *HEADER[3:])


@given(st.binary(max_size=100), st.binary(max_size=3))
@settings(max_examples=60)
def test_what_is_mixed_twice_comes_back(reader: Codec, text: bytes, more: bytes) -> None:
    stream = bytes((octet * 7 + 3) % 256 for octet in range(len(text))) + more
    mixed = reader.mix(text, stream)
    assert mixed == bytes(one ^ two for one, two in zip(text, stream, strict=False))
    assert reader.mix(mixed, stream) == text
    with pytest.raises(ValueError, match="shorter"):
        reader.mix(text + more + b"x", stream)


@pytest.mark.skipif(COMPILED is None, reason="the compiled decoder was not built")
@settings(max_examples=100, deadline=None)
@given(
    st.lists(VARBINDS, max_size=6),
    st.lists(st.tuples(OIDS | st.just(b""), st.binary(max_size=2)), min_size=1, max_size=3),
    st.booleans(),
)
def test_both_decoders_see_the_same_order(
    part: list[Varbind], columns: list[tuple[bytes, bytes]], in_order: bool
) -> None:
    assert COMPILED is not None
    rows = sorted(part, key=lambda binding: binding[0]) if in_order else part
    befores, roots = [before for before, _ in columns], [root for _, root in columns]
    for start in (befores, [b""] * len(roots)):
        assert COMPILED.rises(rows, start, roots) == codec.PYTHON.rises(rows, start, roots)


def rows_of(*names: str, tag: int = ber.INTEGER) -> list[Varbind]:
    return [(name.encode(), tag, 1) for name in names]


@pytest.mark.parametrize(
    ("rows", "good"),
    [
        (rows_of("a1", "b1", "a2", "b2"), True),
        (rows_of("a1", "b1", "a2"), True),
        (rows_of("a1"), True),
        (rows_of("a1", "b2", "a2", "b2"), False),
        (rows_of("a1", "b2", "a2", "c1"), False),
        (rows_of("a1", "b1", "b2", "b2"), False),
        (rows_of("a", "b1"), False),
        (rows_of("a1", "b1", tag=ber.END_OF_MIB), False),
        ([], False),
    ],
)
def test_interleaved_columns_go_on_or_not(reader: Codec, rows: list[Varbind], good: bool) -> None:
    assert reader.rises(rows, [b"a", b"b"], [b"a", b"b"]) is good


@pytest.mark.skipif(COMPILED is None, reason="the compiled decoder was not built")
def test_the_compiled_decoder_keeps_nothing() -> None:
    """Good answers, broken ones and wrong arguments: no object may be left behind or lost."""
    assert COMPILED is not None
    spoilt = [packet[:-1] for packet in ANSWERS] + [
        packet.replace(b"\x46\x09", b"\x46\x0a") for packet in ANSWERS
    ]

    def work() -> None:
        for packet in (*ANSWERS, *spoilt):
            opened = outcome(COMPILED.open_envelope, packet)
            if opened is not WireError:
                pair = outcome(COMPILED.read_pdu, packet, opened[3], opened[4])
                taken = outcome(COMPILED.read_v3, packet, opened[3], opened[4])
                if taken is not WireError:
                    outcome(COMPILED.read_scoped, taken[-1])
                    written = rewritten(COMPILED, taken[:8], taken[-1])[0]
                    outcome(COMPILED.write_v3, 2**70, *HEADER)
                    COMPILED.mix(packet, packet)
                    outcome(COMPILED.read_scoped, written)
                behind = ber.read(packet, opened[3], opened[4])[2]
                pair = outcome(COMPILED.read_pdu, packet, behind, opened[4])
                if pair is not WireError:
                    COMPILED.rises(pair[4], [b"", b""], [b"", b""])
            outcome(COMPILED.decode_varbinds, packet, 0, len(packet))

    work()
    gc.collect()
    names = [sys.getrefcount(one) for one in (*ANSWERS, *spoilt, WireError, None)]
    tracemalloc.start()
    try:
        for _ in range(50):
            work()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(500):
            work()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 20_000
    after = [sys.getrefcount(one) for one in (*ANSWERS, *spoilt, WireError, None)]
    assert all(abs(one - two) < 50 for one, two in zip(names, after, strict=True))


@pytest.mark.skipif(COMPILED is None, reason="the compiled decoder was not built")
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("decode_varbinds", (b"", 0)),
        ("decode_varbinds", ("", 0, 0)),
        ("decode_varbinds", (bytearray(b"30"), 0, 2)),
        ("decode_varbinds", (b"30", "0", 2)),
        ("read_pdu", (b"30", 0, 2, 3)),
        ("open_envelope", (3,)),
        ("read_scoped", ("",)),
        ("mix", (b"", "")),
        ("mix", (b"",)),
        ("write_v3", (1, *HEADER[:-1])),
        ("write_v3", ("1", *HEADER)),
        ("write_v3", (1, "3", *HEADER[1:])),
        ("write_v3", (1, *HEADER[:-1], "")),
        ("rises", ((), [b""], [b""])),
        ("rises", ([1], [b""], [b""])),
        ("rises", ([(1, 2, 3)], [b""], [b""])),
        ("rises", ([(b"", b"", 3)], [b""], [b""])),
        ("rises", ([(b"a", 2)], [b""], [b""])),
        ("rises", ([], [b""], [])),
        ("rises", ([], [""], [b""])),
        ("rises", ([], b"", b"")),
    ],
)
def test_the_compiled_decoder_refuses_wrong_arguments(
    function: str, arguments: tuple[Any, ...]
) -> None:
    with pytest.raises(TypeError):
        getattr(COMPILED, function)(*arguments)


@pytest.mark.parametrize(("at", "end"), [(-1, 2), (0, 99), (5, 2), (2**70, 2), (99, 99)])
def test_places_outside_the_datagram_are_refused(reader: Codec, at: int, end: int) -> None:
    with pytest.raises((WireError, OverflowError)):
        reader.read_pdu(b"\xa2\x03\x02\x01\x01", at, end)


def test_the_python_decoder_can_be_demanded() -> None:
    program = "from netops.snmp import codec; print(codec.CODEC.name)"
    for value, names in (("python", {"python"}), ("", {"python", "compiled"})):
        said = subprocess.run(
            [sys.executable, "-c", program],
            env={"NETOPS_SNMP_CODEC": value},
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.strip() in names


def test_an_envelope_tells_version_and_place() -> None:
    opened = message.open_envelope(ANSWERS[0])
    assert (opened.ident, opened.version, opened.end) == (0x41424344, 1, len(ANSWERS[0]))
