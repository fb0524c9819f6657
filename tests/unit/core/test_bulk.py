"""The collector rests while many values are made, and only then."""

import gc

import pytest

from netops.core.bulk import no_collection


@no_collection()
def collects() -> bool:
    return gc.isenabled()


@no_collection()
def fails() -> None:
    raise ValueError


def test_nothing_is_collected_while_values_are_made_and_afterwards_it_is_as_before() -> None:
    assert gc.isenabled()
    assert not collects()
    with pytest.raises(ValueError):  # noqa: PT011 – whatever it is
        fails()
    assert gc.isenabled()


def test_who_has_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with no_collection(), no_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
