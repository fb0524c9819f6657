"""The rules of the house that no linter knows."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from netops.core import errors
from netops.core.errors import NetopsError
from netops.core.registry import Registry
from netops.store.queries import query_names
from tests.require import need

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "netops").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file())
EVERYTHING = [*PACKAGE, *TESTS, *SCRIPTS, ROOT / ".ci/run"]
#: Lines a file may have. A suite of tests is read one test at a time and may be longer.
LONGEST_FILE, LONGEST_SUITE, LONGEST_FUNCTION = 400, 650, 60
#: Statements that wait for their report; the contract suite proves them on both databases already.
WAITING_QUERIES = {"unfinished_runs", "latest_backups", "restores"}
_SENTENCE = re.compile(r"[^\s].*[.?!]", re.DOTALL)
_NEXT_SENTENCE = re.compile(r"[.?!]\s+[A-Z]")
_SQL = re.compile(
    r"\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s.+\sSET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX|VIEW)"
    r"|ALTER\s+TABLE|DROP\s+TABLE)\s",
    re.DOTALL,
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def texts_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string that is not a docstring, with its line."""
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield node.lineno, text


def test_no_file_is_longer_than_one_can_read() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in EVERYTHING}
    too_long = [
        f"{name_of(path)}: {count} lines"
        for path, count in lines.items()
        if count > (LONGEST_SUITE if path in TESTS else LONGEST_FILE)
    ]
    assert not too_long


def test_no_function_is_longer_than_a_screen() -> None:
    too_long = [
        f"{name_of(path)}:{node.lineno}: {node.name}"
        for path in [*PACKAGE, *TESTS]
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= LONGEST_FUNCTION
    ]
    assert not too_long


def test_every_module_says_in_one_sentence_why_it_exists() -> None:
    """A second sentence belongs into a second paragraph."""
    wrong = []
    for path in [*PACKAGE, *(path for path in SCRIPTS if path.suffix == ".py")]:
        first = (ast.get_docstring(tree_of(path)) or "").split("\n\n")[0]
        if not _SENTENCE.fullmatch(first) or _NEXT_SENTENCE.search(first):
            wrong.append(f"{name_of(path)}: {first!r}")
    assert not wrong


def test_nothing_is_left_for_later() -> None:
    words = re.compile(rf"\b({'TODO'}|{'FIXME'}|{'HACK'}|{'X' * 3})\b")
    places = [*EVERYTHING, *(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    found = [
        f"{name_of(path)}:{number}"
        for path in places
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line) and path != Path(__file__)
    ]
    assert not found


def test_only_the_command_line_prints() -> None:
    printing = [
        f"{name_of(path)}:{node.lineno}"
        for path in PACKAGE
        if "cli" not in path.parts
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert not printing


def test_statements_live_in_sql_files() -> None:
    """The journal's file has its own fixed form; the store's rooms may ask whether tables are there."""
    own_files = {"netops/journal"}
    probes = re.compile(r"(sqlite_master|pg_catalog\.|schema_version)")
    found = [
        f"{name_of(path)}:{line}: {text.strip()[:50]}"
        for path in PACKAGE
        if not any(name_of(path).startswith(own) for own in own_files)
        for line, text in texts_of(tree_of(path))
        if _SQL.match(text) and not probes.search(text)
    ]
    assert not found


def test_dataclasses_are_the_ones_that_load_fast() -> None:
    wanted = {"dataclass", "field", "replace"}
    wrong = [
        f"{name_of(path)}:{node.lineno}"
        for path in PACKAGE
        if path.name != "dataclass.py"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        if wanted & {alias.name for alias in node.names}
    ]
    assert not wrong, "take these from netops.core.dataclass"


def test_every_named_statement_is_used() -> None:
    words = {text for path in PACKAGE for _, text in texts_of(tree_of(path))}
    names = set(query_names())
    assert names - words <= WAITING_QUERIES
    assert names >= WAITING_QUERIES, "a statement that is gone need not be waited for"


def registries() -> dict[str, Registry[object]]:
    """Every registry that a module of netops makes, by its group."""
    makers = [
        path for path in PACKAGE if re.search(r"= Registry\(", path.read_text(encoding="utf-8"))
    ]
    names = [name_of(path).removesuffix(".py").removesuffix("/__init__") for path in makers]
    modules = [import_module(name.replace("/", ".")) for name in names]
    made = [value for module in modules for value in vars(module).values()]
    return {value.group: value for value in made if isinstance(value, Registry)}


def test_every_plugin_group_has_a_registry_and_the_other_way_round() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    known = {group: registry.built_in for group, registry in registries().items()}
    assert known == declared["project"]["entry-points"]
    assert len(known) >= 2


def test_every_built_in_plugin_can_be_imported() -> None:
    for registry in registries().values():
        for name, place in registry.built_in.items():
            assert registry.get(name).__name__ == place.partition(":")[2]


def error_classes() -> list[type[NetopsError]]:
    found = [NetopsError]
    for parent in found:
        found += [kind for kind in parent.__subclasses__() if kind.__module__ == errors.__name__]
    return found


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
def test_every_error_is_in_the_drawn_tree_and_in_the_table_of_exit_codes(
    kind: type[NetopsError],
) -> None:
    drawn = re.search(rf"^[│├└─ ]*{kind.__name__} +(\d+)  ", errors.__doc__ or "", re.MULTILINE)
    assert drawn, "not drawn at the top of core/errors.py"
    table = (ROOT / "docs/exit-codes.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{kind.code}` .*`{kind.__name__}`.*\| (\d+)", table, re.MULTILINE)
    assert row, "not in docs/exit-codes.md"
    code = 130 if kind is errors.InterruptedRunError else kind.exit_code
    assert int(drawn[1]) == int(row[1]) == code


def test_imports_go_down_only() -> None:
    program = "from importlinter.cli import lint_imports_command as main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci/run"], ids=name_of)
def test_scripts_run_where_they_are_meant_to(script: Path) -> None:
    first = script.read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith("#!/bin/sh") == os.access(script, os.X_OK), "run it, or source it"
    if script.suffix != ".py":
        subprocess.run(["sh", "-n", script], check=True)


def test_scripts_pass_the_shell_checker() -> None:
    need("shellcheck")
    shipped = (ROOT / "netops").rglob("*.sh")
    labs = (ROOT / "tests/lab").glob("*.sh")
    own = [path for path in [*SCRIPTS, ROOT / ".ci/run"] if path.suffix != ".py"]
    subprocess.run(["shellcheck", "-x", *own, *shipped, *labs], cwd=ROOT, check=True)
