"""Parsing of named statements, and their plans on SQLite."""

import re
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.store.database import open_database
from netops.store.queries import find_query, parse_query, query_names, split_queries

FRAGMENTS = st.one_of(
    st.from_regex(r":[a-z_][a-z0-9_]{0,5}", fullmatch=True),
    st.text(alphabet="ab:%;-' \n", max_size=8).map(
        lambda text: "'" + text.replace("'", "''") + "'"
    ),
    st.text(alphabet='ab:%;-" ', max_size=8).map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.text(alphabet="ab:%'\" ", max_size=8).map(lambda text: f"--{text}\n"),
    st.text(alphabet="ab:%'\"\n ", max_size=8).map(lambda text: f"/*{text}*/"),
    st.sampled_from(["x::text", "a % b", "LIKE", "(1, 2)", ";", "::", "%(x)s", "%%"]),
)


@given(st.lists(FRAGMENTS))
def test_every_parameter_is_found_and_nothing_else(fragments: list[str]) -> None:
    query = parse_query("q", " ".join(fragments))

    assert query.parameters == {text[1:] for text in fragments if re.match(":[a-z_]", text)}


@given(st.lists(FRAGMENTS))
def test_percent_form_is_the_same_statement(fragments: list[str]) -> None:
    query = parse_query("q", " ".join(fragments))

    back = query.percent_sql % {name: f":{name}" for name in query.parameters}

    assert back == query.sql


@given(st.lists(FRAGMENTS))
def test_percent_form_holds_each_parameter_as_often_as_the_statement(fragments: list[str]) -> None:
    sql = " ".join(fragments)
    values = dict.fromkeys(parse_query("q", sql).parameters, "\x00")

    filled = parse_query("q", sql).percent_sql % values

    assert filled.count("\0") == sum(bool(re.match(":[a-z_]", text)) for text in fragments)


def test_blocks_are_split_by_name_and_keep_their_comments() -> None:
    blocks = split_queries("-- intro\n\n-- a --\n-- why\nSELECT 1;\n\n-- b_2 --\nSELECT ';' ;\n")

    assert blocks == {"a": "-- why\nSELECT 1", "b_2": "SELECT ';' "}


def test_a_name_given_twice_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="same name: a"):
        split_queries("-- a --\nSELECT 1;\n-- b --\nSELECT 2;\n-- a --\nSELECT 3;\n")


def test_an_unknown_name_comes_back_with_near_ones() -> None:
    with pytest.raises(KeyError, match="latest_placements"):
        find_query("last_placements")
    with pytest.raises(KeyError, match="none is near"):
        find_query("zzzzzz")


def test_every_statement_keeps_to_the_portable_subset() -> None:
    for name in query_names():
        sql = re.sub(r"--[^\n]*", "", find_query(name).sql)
        assert not re.search(r"::|\$\$|\bE'|\bILIKE\b|\bLATERAL\b|\bSUM\(", sql), name
        assert ";" not in sql, name


@pytest.mark.parametrize(
    "name",
    [
        "latest_placements",
        "latest_attempts",
        "latest_backups",
        "last_good_per_kind",
        "last_verifications",
        "last_good_full",
        "last_good_backup",
        "backups",
        "unfinished_runs",
        "unfinished_backups",
        "next_backup_seq",
        "placements_of",
    ],
)
def test_no_status_query_walks_through_a_whole_table(tmp_path: Path, name: str) -> None:
    open_database(path=tmp_path / "netops.db").close()
    query = find_query(name)
    link = sqlite3.connect(tmp_path / "netops.db")
    rows = link.execute(f"EXPLAIN QUERY PLAN {query.sql}", dict.fromkeys(query.parameters))
    plan = [str(row[3]) for row in rows.fetchall()]
    link.close()

    tables = {"run", "backup", "placement", "verification", "good", "p", "b", "v"}
    walks = [step for step in plan if step.startswith("SCAN") and " USING " not in step]
    assert not [step for step in walks if step.split()[1] in tables], plan
    assert any("INDEX" in step for step in plan)
