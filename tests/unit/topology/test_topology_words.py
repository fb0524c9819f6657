"""How the command line words an event."""

from netops.cli.topology import _values


def test_ends_of_links_are_worded_like_any_other_value() -> None:
    event = {"before": {"end": ["dist1", "ge3"]}, "after": {"end": ["dist2", "ge7"]}}
    assert _values(event) == "(end=dist1:ge3 → end=dist2:ge7)"


def test_no_is_an_answer_and_nothing_is_none() -> None:
    event = {"before": {"up": True, "alias": ""}, "after": {"up": False, "alias": None}}
    assert _values(event) == "(up=True → up=False)"
