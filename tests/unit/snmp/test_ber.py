"""Integers and object identifiers on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.snmp import ber, oid

PARTS = st.lists(st.integers(0, 2**32 - 1), max_size=20).map(lambda rest: [1, 3, *rest])


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_are_encoded_in_the_fewest_octets(number: int) -> None:
    raw = ber.integer(number)
    assert ber.read_integer(raw, 0, len(raw)) == (number, len(raw))
    spare = raw[2] in {0, 0xFF} and len(raw) > 3 and raw[2] >> 7 == raw[3] >> 7
    assert not spare


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
