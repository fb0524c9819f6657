"""Chained digests: what is on record must stay provable, whatever is rewritten here."""

from netops.core.digest import chained


def test_digests_that_are_on_record_stay_valid() -> None:
    first = chained("", {"b": [1, None, "ü"], "a": True})
    assert first == "1848800b7d5c91c7fc196defabbedffe0966deaaf98a18003a38eb9c9d6e3fdd"
    second = chained(first, {})
    assert second == "f300d077536822687e0764333e656c58537bf33053b736749997618bd00a4877"
