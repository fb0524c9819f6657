"""Encoding and decoding are inverse, and nothing malformed gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.snmp import ber, oid
from netops.snmp.ber import Varbind, WireError

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


@given(st.lists(VARBINDS, max_size=20))
def test_bindings_come_back_as_they_went(bindings: list[Varbind]) -> None:
    raw = b"".join(map(ber.encode_varbind, bindings))
    assert ber.decode_varbinds(raw, 0, len(raw)) == bindings
    assert ber.decode_varbinds(raw, 0, len(raw)) == bindings  # from memory


@given(VARBINDS)
def test_the_quick_way_agrees_with_the_thorough_one(binding: Varbind) -> None:
    raw = ber.encode_varbind(binding)
    assert ber._decode_short(raw) in {None, ber.decode_varbind(raw)}


@given(VARBINDS, st.data())
def test_a_changed_octet_never_makes_the_quick_way_disagree(
    binding: Varbind, data: st.DataObject
) -> None:
    raw = bytearray(ber.encode_varbind(binding))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    quick = ber._decode_short(bytes(raw))
    if quick is not None:
        assert quick == ber.decode_varbind(bytes(raw))


@given(st.lists(VARBINDS, min_size=1, max_size=4), st.integers(1, 200))
def test_what_is_cut_short_is_refused(bindings: list[Varbind], cut: int) -> None:
    raw = b"".join(map(ber.encode_varbind, bindings))
    last = len(ber.encode_varbind(bindings[-1]))
    short = raw[: -(1 + cut % (last - 1))]
    with pytest.raises(WireError):
        ber.decode_varbinds(short, 0, len(short))


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_are_encoded_in_the_fewest_octets(number: int) -> None:
    raw = ber.integer(number)
    assert ber.read_integer(raw, 0, len(raw)) == (number, len(raw))
    spare = raw[2] in {0, 0xFF} and len(raw) > 3 and raw[2] >> 7 == raw[3] >> 7
    assert not spare


def test_long_lengths_as_net_snmp_writes_them_are_read() -> None:
    inner = ber.tlv(ber.OID, oid.encode("1.3.6.1")) + b"\x04\x82\x00\x02ab"
    raw = b"\x30\x82\x00" + bytes([len(inner)]) + inner
    assert ber.decode_varbinds(raw, 0, len(raw)) == [(oid.encode("1.3.6.1"), ber.OCTETS, b"ab")]


@pytest.mark.parametrize(
    ("tag", "content", "value"),
    [
        (ber.COUNTER32, "00ffffffff", 2**32 - 1),
        (ber.COUNTER32, "ffffffff", 2**32 - 1),
        (ber.COUNTER64, "00ffffffffffffffff", 2**64 - 1),
        (ber.COUNTER64, "000000000000000001", 1),
        (ber.GAUGE32, "ff", 255),
        (ber.INTEGER, "00ffffffff", 2**32 - 1),
        (ber.INTEGER, "ffffffffffffffff", -1),
        (ber.TICKS, "", 0),
    ],
)
def test_numbers_of_a_wrong_length_are_tolerated(tag: int, content: str, value: int) -> None:
    name = oid.encode("1.3.6.1.2.1")
    raw = ber.tlv(0x30, ber.tlv(ber.OID, name) + ber.tlv(tag, bytes.fromhex(content)))
    assert ber.decode_varbinds(raw, 0, len(raw)) == [(name, tag, value)]


@pytest.mark.parametrize(
    "raw",
    [
        "30", "3080", "30820001", "3005060101", "30040601010500", "300406010105",
        "300506018105 00", "30060600040161 61", "300b06012b41081122334455667788 99",
        "300f06012b020a00000000000000000000", "300506012b0700",
    ],
)  # fmt: skip
def test_malformed_bindings_are_refused(raw: str) -> None:
    data = bytes.fromhex(raw.replace(" ", ""))
    with pytest.raises(WireError):
        ber.decode_varbinds(data, 0, len(data))


def test_what_is_remembered_is_bounded() -> None:
    name = oid.encode("1.3.6.1.4.1.1")
    for number in range(ber._REMEMBERED + 10):
        raw = ber.encode_varbind((name + oid.encode_part(number), ber.GAUGE32, number))
        ber.decode_varbinds(raw, 0, len(raw))
    assert len(ber._seen) <= ber._REMEMBERED


@given(PARTS, PARTS)
def test_identifiers_sort_by_number(first: list[int], second: list[int]) -> None:
    one, two = oid.encode_parts(first), oid.encode_parts(second)
    assert oid.is_before(one, two) == (first < second)
    assert oid.parts_of(one) == tuple(first)
    assert oid.encode(oid.text_of(one)) == one


@pytest.mark.parametrize(
    "text", ["", "1", "1.40", "3.1", "1.3.x", "1.3.-1", "1.3.4294967296", "1..3"]
)
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"identifier|part"):
        oid.encode(text)


def test_the_second_arc_may_be_large_below_2() -> None:
    assert oid.text_of(oid.encode("2.999.3")) == "2.999.3"
