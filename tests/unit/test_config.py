"""Every mistake of every file is told at once, where it stands; a good configuration loads fast."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from netops.config import load, schema, show, validate
from netops.config.cache import Cache
from netops.config.reference import reference
from netops.core.errors import ConfigError

ROOT = Path(__file__).parents[2]
GOOD = """\
site: {name: Test}
backup:
  repositories:
    main: {location: ./r/main, password: file:keys/main}
    offsite: {location: "sftp:u@h:/r", password: env:OFFSITE}
  jobs:
    etc:
      sources: [/etc]
      repository: main
      offsite: [offsite]
"""


def write(directory: Path, text: str, name: str = "netops.yaml") -> Path:
    path = directory / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(directory: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        validate(write(directory, text))
    assert caught.value.exit_code == 78
    return list(caught.value.mistakes)


def settle() -> None:
    """Make the files old enough for the cache, as they are between two runs of cron."""
    time.sleep(0.06)


def test_annotated_example_runs_as_it_stands(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "configs", tmp_path / "site")
    values = load(tmp_path / "site/netops.yaml")
    assert list(values["backup"]["jobs"]) == ["etc", "netops"]
    assert values["backup"]["repositories"]["main"]["password"] == (
        f"file:{tmp_path}/site/keys/main.password"
    )
    assert values["backup"]["jobs"]["netops"]["sources"][2] == {
        "engine": "sqlite",
        "path": f"{tmp_path}/site/state/netops.db",
        "options": {},
    }


def test_example_points_editors_to_the_schema() -> None:
    first = (ROOT / "configs/netops.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=./netops.schema.json"


def test_schema_file_is_current() -> None:
    assert json.loads((ROOT / "configs/netops.schema.json").read_text()) == schema()


def test_reference_is_current() -> None:
    assert (ROOT / "docs/reference/configuration.md").read_text() == reference()


def test_every_key_is_described_with_an_example() -> None:
    whole = schema()
    for name, section in {"": whole, **whole["$defs"]}.items():
        for key, field in section["properties"].items():
            assert field.get("description") or "$ref" in field, (name, key)
            assert field.get("examples"), (name, key)


def test_defaults_in_the_schema_are_written_as_people_write_them() -> None:
    repository = schema()["$defs"]["RepositorySettings"]["properties"]
    assert repository["deadline"]["default"] == "6h"


def test_empty_file_means_defaults(tmp_path: Path) -> None:
    values = load(write(tmp_path, ""))
    assert values["state_dir"] == f"{tmp_path}/state"
    assert values["directory"] == str(tmp_path)
    assert values["site"]["origin"] == os.uname().nodename
    assert values["journal"] == {"keep_days": 400, "syslog": False}
    assert values["inventory"]["files"] == [f"{tmp_path}/inventory/*.yaml"]
    backup = values["backup"]
    assert (backup["repositories"], backup["jobs"], backup["parallel"]) == ({}, {}, 2)


def test_keys_with_nothing_under_them_mean_defaults(tmp_path: Path) -> None:
    text = "site:\nstate_dir:\nbackup:\n  repositories:\n  jobs:\n  parallel:\n"
    assert show(write(tmp_path, text)) == show(write(tmp_path, ""))


def test_values_are_plain_and_absolute(tmp_path: Path) -> None:
    values = load(
        write(
            tmp_path,
            GOOD
            + "      class: internal\n      max_age: 1d12h\n      policy: {differential: null}\n",
        )
    )
    assert json.loads(json.dumps(values)) == values
    job = values["backup"]["jobs"]["etc"]
    assert job["class"] == "internal"
    assert job["max_age"] == 36 * 3600
    assert job["deadline"] == 12 * 3600
    assert job["policy"] == {
        "full": "monthly",
        "differential": None,
        "log": None,
        "turn_s": 31 * 86_400,
    }
    assert job["sources"] == [{"engine": "files", "path": "/etc", "options": {}}]
    main = values["backup"]["repositories"]["main"]
    assert main["location"] == f"{tmp_path}/r/main"
    assert (main["deadline"], main["connect_timeout"], main["limit_upload"]) == (21_600, 20, None)
    assert values["backup"]["repositories"]["offsite"]["password"] == "env:OFFSITE"


def test_sources_name_their_engine_and_options(tmp_path: Path) -> None:
    text = GOOD.replace(
        "[/etc]",
        '[., {files: ./x}, {postgresql: {database: d, password: "file:keys/pg"}}, '
        "{sqlite: {path: ./a.db, wait: 5}}, {command: }]",
    )
    # Unknown engines are mistakes only where engines are installed; the check is tested apart.
    from netops.backup.settings import BackupSettings
    from netops.core.document import read_document

    data = read_document(write(tmp_path, text)).data["backup"]
    settings = BackupSettings.model_validate(data, context={"base": tmp_path})
    assert [source.model_dump() for source in settings.jobs["etc"].sources] == [
        {"engine": "files", "path": str(tmp_path), "options": {}},
        {"engine": "files", "path": f"{tmp_path}/x", "options": {}},
        {
            "engine": "postgresql",
            "path": None,
            "options": {"database": "d", "password": f"file:{tmp_path}/keys/pg"},
        },
        {"engine": "sqlite", "path": f"{tmp_path}/a.db", "options": {"wait": 5}},
        {"engine": "command", "path": None, "options": {}},
    ]


def in_main(line: str) -> str:
    return GOOD.replace("main: {location", f"main: {{{line}, location", 1)


def in_job(line: str) -> str:
    return f"{GOOD}      {line}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sites: {}", "netops.yaml:1: sites: unknown key (did you mean 'site'?)"),
        ("site:\n  nam: x", "netops.yaml:2: site.nam: unknown key (did you mean 'name'?)"),
        ("qqq: 1", "netops.yaml:1: qqq: unknown key"),
        (
            in_job("exlude: [x]"),
            "netops.yaml:11: backup.jobs.etc.exlude: unknown key (did you mean 'exclude'?)",
        ),
        (
            in_job("policy: {ful: daily}"),
            "netops.yaml:11: backup.jobs.etc.policy.ful: unknown key (did you mean 'full'?)",
        ),
        (
            "site: x",
            "netops.yaml:1: site: a mapping expected, one `key: value` per line (found 'x')",
        ),
        (
            "site:\n  name: 5",
            "netops.yaml:2: site.name: text expected; put it in quotes (found '5')",
        ),
        (
            "journal:\n  keep_days: 90",
            "netops.yaml:2: journal.keep_days: at least 180 expected (found '90')",
        ),
        (
            "journal:\n  keep_days: '400'",
            "netops.yaml:2: journal.keep_days: a whole number expected (found '400')",
        ),
        (
            "journal: {syslog: yes}",
            "netops.yaml:1: journal.syslog: true or false expected (found 'yes')",
        ),
        (
            "backup: {parallel: true}",
            "netops.yaml:1: backup.parallel: a whole number expected (found true)",
        ),
        (
            "backup: {parallel: 0}",
            "netops.yaml:1: backup.parallel: at least 1 expected (found '0')",
        ),
        (
            "backup: {jobs: [a]}",
            "netops.yaml:1: backup.jobs: a mapping expected, one `key: value` per line (found a list)",
        ),
        (
            "inventory: {files: x}",
            "netops.yaml:1: inventory.files: a list expected, one `- item` per line (found 'x')",
        ),
        (
            "store: {postgresql: 'postgresql://u:hunter2@h/d'}",
            "netops.yaml:1: store.postgresql: a secret is given by reference, never as itself",
        ),
        (
            in_main("deadline: 5"),
            "netops.yaml:4: backup.repositories.main.deadline: a duration needs its unit",
        ),
        (
            in_main("deadline: soon"),
            "netops.yaml:4: backup.repositories.main.deadline: 'soon' is not a duration",
        ),
        (
            in_main("deadline: 0s"),
            "netops.yaml:4: backup.repositories.main.deadline: a duration lies between",
        ),
        (
            in_main("limit_upload: 5"),
            "netops.yaml:4: backup.repositories.main.limit_upload: a size needs its unit",
        ),
        (
            in_main("limit_upload: fast"),
            "netops.yaml:4: backup.repositories.main.limit_upload: 'fast' is not a size",
        ),
        (
            GOOD.replace("file:keys/main", "hunter2"),
            "netops.yaml:4: backup.repositories.main.password: a secret is given by reference, never",
        ),
        (
            GOOD.replace("file:keys/main", "12345"),
            "netops.yaml:4: backup.repositories.main.password: a secret is given by reference, never",
        ),
        (
            GOOD.replace(", password: file:keys/main", ""),
            "netops.yaml:4: backup.repositories.main.password: is missing",
        ),
        (
            in_main("environment: {AWS_SECRET_ACCESS_KEY: hunter2}"),
            "netops.yaml:4: backup.repositories.main.environment.AWS_SECRET_ACCESS_KEY: a secret is",
        ),
        (
            in_main("environment: {aws: env:X}"),
            "netops.yaml:4: backup.repositories.main.environment: names in capitals expected",
        ),
        (
            in_main("environment: {RESTIC_PASSWORD: env:X}"),
            "netops.yaml:4: backup.repositories.main.environment: RESTIC_PASSWORD is set by netops",
        ),
        (
            GOOD.replace("./r/main", "rest:https://u:hunter2@h/"),
            "netops.yaml:4: backup.repositories.main.location: a password does not belong in an",
        ),
        (
            GOOD.replace("./r/main", "stfp:u@h:/x"),
            "netops.yaml:4: backup.repositories.main.location: unknown kind of repository (did you mean 'sftp'?)",
        ),
        (
            GOOD.replace("./r/main", "sftp:-oProxyCommand=id:/x"),
            "netops.yaml:4: backup.repositories.main.location: sftp: needs a place after the colon",
        ),
        (
            GOOD.replace("./r/main", "''"),
            "netops.yaml:4: backup.repositories.main.location: a directory or a restic address",
        ),
        (
            GOOD.replace("sftp:u@h:/r", "r/./main/"),
            "netops.yaml:5: backup.repositories.offsite.location: the same place as repository 'main'",
        ),
        (
            GOOD.replace("repository: main", "repository: mian"),
            "netops.yaml:9: backup.jobs.etc.repository: no repository is called 'mian' (did you mean 'main'?)",
        ),
        (
            GOOD.replace("[offsite]", "[offsite, x1]"),
            "netops.yaml:10: backup.jobs.etc.offsite.1: no repository is called 'x1'",
        ),
        (
            GOOD.replace("[offsite]", "[main]"),
            "netops.yaml:10: backup.jobs.etc.offsite.0: 'main' is already the job's repository",
        ),
        (
            GOOD.replace("[offsite]", "[offsite, offsite]"),
            "netops.yaml:10: backup.jobs.etc.offsite.1: 'offsite' is named twice",
        ),
        (GOOD.replace("[/etc]", "[]"), "netops.yaml:8: backup.jobs.etc.sources: at least 1 items"),
        (
            GOOD.replace("[/etc]", "\n      - /etc\n      - etc"),
            "netops.yaml:10: backup.jobs.etc.sources.1: a path that starts with / expected",
        ),
        (
            GOOD.replace("[/etc]", "[{sqlite: app.db}]"),
            "netops.yaml:8: backup.jobs.etc.sources.0: a path that starts with / expected",
        ),
        (
            GOOD.replace("[/etc]", "[{sqlite: /a, mysql: /b}]"),
            "netops.yaml:8: backup.jobs.etc.sources.0: a path or one `engine: path` expected",
        ),
        (
            GOOD.replace("[/etc]", "[5]"),
            "netops.yaml:8: backup.jobs.etc.sources.0: a path or one `engine: path` expected",
        ),
        (
            GOOD.replace("[/etc]", "[{sqlite: [x]}]"),
            "netops.yaml:8: backup.jobs.etc.sources.0: a path or a mapping of options expected",
        ),
        (
            GOOD.replace("[/etc]", "[{Bad Name: /x}]"),
            "netops.yaml:8: backup.jobs.etc.sources.0: the name of an engine expected",
        ),
        (
            GOOD.replace("[/etc]", "[{sqlite: {db: {password: hunter2}}}]"),
            "netops.yaml:8: backup.jobs.etc.sources.0: db.password: a secret is given by reference",
        ),
        (
            GOOD.replace("    etc:", "    etc/passwd:"),
            "netops.yaml:7: backup.jobs.etc/passwd: letters, digits, `_`, `.` and `-` expected",
        ),
        (
            GOOD.replace("    etc:", "    -etc:"),
            "netops.yaml:7: backup.jobs.-etc: letters, digits, `_`, `.` and `-` expected",
        ),
        (
            GOOD.replace("    etc:", f"    {'x' * 64}:"),
            f"netops.yaml:7: backup.jobs.{'x' * 64}: letters, digits, `_`, `.` and `-` expected",
        ),
    ],
)
def test_mistake_is_told_with_file_line_and_path(tmp_path: Path, text: str, expected: str) -> None:
    found = mistakes(tmp_path, text)
    assert any(line.startswith(expected) for line in found), found
    assert "hunter2" not in "".join(found)
    assert len(found) == 1, found


def test_cadence_that_means_nothing_is_a_mistake(tmp_path: Path) -> None:
    pytest.importorskip("netops.core.cadence")
    (found,) = mistakes(tmp_path, in_job("policy: {full: whenever}"))
    assert found.startswith("netops.yaml:11: backup.jobs.etc.policy.full: 'whenever' is not a cad")


def test_all_mistakes_of_all_files_come_in_one_report(tmp_path: Path) -> None:
    write(tmp_path, "backup:\n  jobs:\n    b: {sources: [x], repository: nope}\n", "conf.d/b.yaml")
    write(tmp_path, "a: 1\na: 2\n", "conf.d/c.yaml")
    found = mistakes(tmp_path, "sites: {}\njournal: {keep_days: 1}\n")
    assert [line.split(": ")[0] for line in found] == [
        "conf.d/c.yaml:2",
        "netops.yaml:2",
        "conf.d/b.yaml:3",
        "netops.yaml:1",
    ]


def test_conf_d_adds_jobs_and_repositories(tmp_path: Path) -> None:
    write(
        tmp_path,
        "backup:\n  jobs:\n    b: {sources: [/b], repository: main}\ninventory: {files: [more/*.yaml]}\n",
        "conf.d/10-b.yaml",
    )
    write(tmp_path, "inventory: {files: [x.yaml]}\n", "conf.d/20.yaml")
    write(tmp_path, "not: read\n", "conf.d/.hidden.yaml")
    write(tmp_path, "not: read\n", "conf.d/readme.txt")
    values = load(write(tmp_path, GOOD))
    assert list(values["backup"]["jobs"]) == ["etc", "b"]
    assert values["inventory"]["files"] == [f"{tmp_path}/more/*.yaml", f"{tmp_path}/x.yaml"]


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("backup:\n  jobs:\n    etc: {sources: [/b], repository: main}\n", "3: backup.jobs.etc"),
        ("site:\n  name: Other\n", "2: site.name"),
    ],
)
def test_what_two_files_say_is_a_mistake_naming_both(tmp_path: Path, part: str, path: str) -> None:
    write(tmp_path, part, "conf.d/b.yaml")
    (found,) = mistakes(tmp_path, GOOD)
    first = 7 if "jobs" in path else 1
    assert found == f"conf.d/b.yaml:{path}: given twice, first in netops.yaml:{first}"


def test_mistake_inside_a_list_joined_from_two_files_names_its_own(tmp_path: Path) -> None:
    write(tmp_path, "\ninventory:\n  files:\n    - 5\n", "conf.d/b.yaml")
    (found,) = mistakes(tmp_path, "inventory: {files: [a, b]}\n")
    assert found.startswith("conf.d/b.yaml:4: inventory.files.2: text expected")


def test_unknown_engine_is_a_mistake_where_engines_are_installed(tmp_path: Path) -> None:
    package = tmp_path / "lib/plug-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        "[netops.backup_engines]\nfiles = x:X\nsqlite = x:Y\n"
    )
    path = write(tmp_path, GOOD.replace("[/etc]", "[/etc, {sqllite: /x}]"))
    code = (
        "import sys; from pathlib import Path; from netops.config import validate\n"
        "from netops.core.errors import ConfigError\n"
        "try: validate(Path(sys.argv[1]))\n"
        "except ConfigError as error: print(*error.mistakes, sep='\\n')\n"
    )
    assert python(code, str(path), library=tmp_path / "lib").splitlines() == [
        "netops.yaml:8: backup.jobs.etc.sources.1: no engine is called 'sqllite' "
        "(did you mean 'sqlite'?)"
    ]


def test_missing_file_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist") as caught:
        load(tmp_path / "netops.yaml")
    assert caught.value.hint == f"netops init {tmp_path} writes a first one"


def test_show_keeps_secrets_as_references(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/main").write_text("hunter2")
    values = show(write(tmp_path, GOOD))
    assert values == load(tmp_path / "netops.yaml")
    assert "hunter2" not in json.dumps(values)


# The cache -----------------------------------------------------------------------------------


def python(code: str, *arguments: str, library: Path | None = None) -> str:
    paths = [str(ROOT), *([str(library)] if library else [])]
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"PYTHONPATH": os.pathsep.join(paths), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def cached(directory: Path, text: str = GOOD) -> Path:
    path = write(directory, text)
    settle()
    load(path)
    assert (directory / ".cache/config.json").exists()
    return path


def test_cached_load_imports_neither_pydantic_nor_yaml(tmp_path: Path) -> None:
    path = cached(tmp_path)
    code = (
        "import sys, json; from pathlib import Path; from netops.config import load\n"
        "values = load(Path(sys.argv[1]))\n"
        "print(json.dumps([values, sorted({'pydantic', 'yaml', 'subprocess'} & set(sys.modules))]))"
    )
    values, heavy = json.loads(python(code, str(path)))
    assert heavy == []
    assert values == show(path)


def test_cached_load_takes_under_two_milliseconds(tmp_path: Path) -> None:
    path = cached(tmp_path)
    spent = []
    for _ in range(20):
        started = time.process_time()
        load(path)
        spent.append(time.process_time() - started)
    assert sorted(spent)[10] < 0.002


def test_cache_is_for_our_eyes_only(tmp_path: Path) -> None:
    cached(tmp_path)
    assert (tmp_path / ".cache/config.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / ".cache").stat().st_mode & 0o777 == 0o700


def forge(directory: Path, name: str) -> Path:
    """Rewrite the cache as somebody who knows its format would."""
    import zlib

    file = directory / ".cache/config.json"
    record = json.loads(file.read_text().partition("\n")[2])
    record["values"]["site"]["name"] = name
    state = json.dumps(record)
    file.write_text(f"{zlib.crc32(state.encode())}\n{state}")
    return file


def name_of(path: Path) -> Any:
    return load(path)["site"]["name"]


def test_cache_is_really_used(tmp_path: Path) -> None:
    path = cached(tmp_path)
    forge(tmp_path, "From the cache")
    assert name_of(path) == "From the cache"


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_cache_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = cached(tmp_path)
    forge(tmp_path, "Evil").chmod(mode)
    assert name_of(path) == "Test"


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_cache_in_a_directory_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = cached(tmp_path)
    forge(tmp_path, "Evil")
    (tmp_path / ".cache").chmod(mode)
    assert name_of(path) == "Test"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("whose", [".cache", ".cache/config.json"])
def test_cache_of_another_user_is_refused(tmp_path: Path, whose: str) -> None:
    path = cached(tmp_path)
    forge(tmp_path, "Evil")
    os.chown(tmp_path / whose, 12345, -1)
    assert name_of(path) == "Test"


def test_cache_behind_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    path = cached(tmp_path)
    file = forge(tmp_path, "Evil")
    file.rename(tmp_path / "elsewhere.json")
    file.symlink_to(tmp_path / "elsewhere.json")
    assert name_of(path) == "Test"


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", "5", "0\n", "1\nx", "3421780262\n123456789", "[" * 100_000],
)
def test_damaged_cache_is_ignored(tmp_path: Path, content: str) -> None:
    path = cached(tmp_path)
    (tmp_path / ".cache/config.json").write_text(content)
    assert name_of(path) == "Test"


def test_edited_cache_is_ignored(tmp_path: Path) -> None:
    path = cached(tmp_path)
    file = tmp_path / ".cache/config.json"
    file.write_text(file.read_text().replace("Test", "Evil"))
    assert name_of(path) == "Test"


def test_changed_file_is_read_again_even_with_its_old_time(tmp_path: Path) -> None:
    path = cached(tmp_path)
    facts = path.stat()
    path.write_text(GOOD.replace("Test", "Text"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert name_of(path) == "Text"


def test_change_in_the_same_tick_as_the_load_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "netops.yaml"
    for number in range(30):
        path.write_text(f"site: {{name: N{number:02}}}\n")
        assert name_of(path) == f"N{number:02}"


def test_file_changed_a_moment_ago_is_not_cached_yet(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    cache = Cache(path)
    cache.write({"x": 1}, cache.stamps())
    assert cache.read() is None
    settle()
    cache.write({"x": 1}, cache.stamps())
    assert cache.read() == {"x": 1}


def test_new_changed_and_removed_conf_d_files_are_seen(tmp_path: Path) -> None:
    path = cached(tmp_path)
    for change in ("journal: {syslog: true}", "journal: {syslog: false}"):
        write(tmp_path, change, "conf.d/x.yaml")
        assert load(path)["journal"]["syslog"] is ("true" in change)
        settle()
        load(path)
    write(tmp_path, "state_dir: elsewhere", "conf.d/y.yaml")
    assert load(path)["state_dir"] == f"{tmp_path}/elsewhere"
    settle()
    load(path)
    (tmp_path / "conf.d/y.yaml").unlink()
    assert load(path)["state_dir"] == f"{tmp_path}/state"


def test_site_moved_elsewhere_gets_its_own_paths(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    cached(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    assert load(tmp_path / "b/netops.yaml")["state_dir"] == f"{tmp_path}/b/state"


def test_cache_of_another_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cached(tmp_path)
    forge(tmp_path, "Old")
    monkeypatch.setattr("netops.config.cache.__version__", "9.9")
    assert name_of(path) == "Test"


def test_mistakes_are_never_cached(tmp_path: Path) -> None:
    path = cached(tmp_path)
    path.write_text("sites: 1\n")
    settle()
    for _ in range(2):
        with pytest.raises(ConfigError):
            load(path)


def test_cache_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    (tmp_path / ".cache").write_text("a file where the directory should be")
    settle()
    assert name_of(path) == "Test"
