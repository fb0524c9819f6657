"""What may go into a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.errors import NetopsError
from netops.core.status import Status
from netops.store.values import storable_values

ANY_TEXT = st.text(alphabet=st.characters(exclude_characters="\0"))
WITH_HALVES = st.text(alphabet=st.characters(categories=["Cs", "Ll"]), min_size=1)


@given(ANY_TEXT.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)))
def test_text_is_kept_as_it_is(text: str) -> None:
    assert storable_values("q", {"x": text}) == {"x": text}


@given(WITH_HALVES)
def test_whatever_text_comes_can_be_encoded_and_stays_so(text: str) -> None:
    once = storable_values("q", {"x": text})

    assert str(once["x"]).encode("utf-8")
    assert storable_values("q", once) == once


@given(st.text(), st.text())
def test_a_nul_character_is_refused_wherever_it_is(before: str, after: str) -> None:
    with pytest.raises(NetopsError, match="q: x holds a NUL"):
        storable_values("q", {"x": f"{before}\0{after}"})


@given(st.integers())
def test_numbers_fit_into_64_bits_or_are_refused(number: int) -> None:
    if number.bit_length() < 64 or number == -(2**63):
        assert storable_values("q", {"x": number}) == {"x": number}
    else:
        with pytest.raises(NetopsError, match="64 bits"):
            storable_values("q", {"x": number})


def test_a_status_and_a_truth_value_become_plain_numbers() -> None:
    values = storable_values("q", {"a": Status.CRITICAL, "b": True, "c": None, "d": b"\0"})

    assert values == {"a": 2, "b": 1, "c": None, "d": b"\0"}
    assert [type(value) for value in values.values()] == [int, int, type(None), bytes]


@pytest.mark.parametrize("value", [[], {}, object(), 1j])
def test_other_kinds_of_values_are_mistakes(value: object) -> None:
    with pytest.raises(TypeError, match="no column holds that"):
        storable_values("q", {"x": value})
