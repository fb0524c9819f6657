"""The installed command on a machine that has nothing else: install, init, doctor, config, quickstart."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.require import need, unavailable

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Installed:
    """A netops installed from a wheel, in an environment of its own; only its programs are found."""

    programs: Path
    home: Path

    def run(
        self, *words: str, path: str = "", cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        search = f"{self.programs}:{path}" if path else str(self.programs)
        return subprocess.run(
            [self.programs / "netops", *words],
            cwd=cwd or self.home,
            env={"PATH": search, "HOME": str(self.home), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build a wheel of this checkout and install it beside the libraries that are here already."""
    folder = tmp_path_factory.mktemp("installed")
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])
    python = folder / "venv/bin/python"
    wheel = _wheel(folder)
    site_packages = next((folder / "venv/lib").glob("python3*/site-packages"))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    _run([*pip, "--no-deps", "--no-index", "--no-cache-dir", str(wheel)])
    # The libraries come from here: nothing is downloaded. The wheel's own netops comes first.
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    (site_packages / "libraries.pth").write_text(libraries + "\n", encoding="utf-8")
    (folder / "home").mkdir()
    return Installed(folder / "venv/bin", folder / "home")


def _wheel(folder: Path) -> Path:
    """`pip install .` in two steps; the build back end comes from the package index."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-cache-dir"]
    build += ["--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    if done.returncode and "hatchling" in done.stderr:
        unavailable("index", f"no wheel without the package index: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr
    return next(folder.glob("netops-*.whl"))


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_wheel_brings_samples_and_statements(installed: Installed) -> None:
    python = installed.programs / "python"
    asked = "import netops, pathlib; print(pathlib.Path(netops.__file__).parent)"
    done = subprocess.run(
        [python, "-c", asked], cwd=installed.home, capture_output=True, text=True, check=True
    )
    package = Path(done.stdout.strip())
    assert installed.programs.parent in package.parents, "not the installed one"
    for name in ("configs/netops.yaml", "store/sql/queries/backup.sql", "py.typed"):
        assert (package / name).is_file()


def test_init_makes_a_site_that_config_check_accepts(installed: Installed, tmp_path: Path) -> None:
    made = installed.run("init", str(tmp_path / "my site"))
    assert made.returncode == 0, made.stderr
    assert "KEEP ELSEWHERE" in made.stdout
    assert f"netops --site '{tmp_path}/my site' backup init" in made.stdout
    checked = installed.run("config", "check", cwd=tmp_path / "my site")
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.startswith("OK: ")
    again = installed.run("init", str(tmp_path / "my site"))
    assert "wrote" not in again.stdout


def test_doctor_without_restic_says_in_one_line_what_is_missing(
    installed: Installed, tmp_path: Path
) -> None:
    for words in (["doctor"], ["--site", str(tmp_path), "doctor"]):
        installed.run("init", str(tmp_path))
        done = installed.run(*words)
        assert done.returncode == 2
        (line,) = [row for row in done.stdout.splitlines() if row.split()[1] == "restic"]
        assert line.startswith("CRITICAL")
        assert line.endswith("apt-get install restic")
    plain = installed.run("doctor", "--json")
    assert plain.returncode == 2
    assert json.loads(plain.stdout)["status"] == "CRITICAL"


def test_backup_without_restic_fails_with_the_remedy(installed: Installed, tmp_path: Path) -> None:
    installed.run("init", str(tmp_path))
    done = installed.run("--site", str(tmp_path), "backup", "init")
    assert done.returncode == 2
    assert "hint (main): apt-get install restic" in done.stdout


def test_nothing_is_written_to_home(installed: Installed, tmp_path: Path) -> None:
    installed.run("init", str(tmp_path))
    installed.run("--site", str(tmp_path), "doctor", path=os.environ["PATH"])
    assert list(installed.home.iterdir()) == []


def test_site_that_is_not_there_is_a_configuration_error(
    installed: Installed, tmp_path: Path
) -> None:
    done = installed.run("--site", str(tmp_path / "nowhere"), "doctor")
    assert done.returncode == 2, "doctor reports it as a finding"
    assert "netops init" in done.stdout
    done = installed.run("--site", str(tmp_path / "nowhere"), "config", "check")
    assert done.returncode == 78
    assert done.stderr.splitlines()[-1].startswith("hint: netops init")


def test_literal_password_is_refused_and_not_repeated(installed: Installed, tmp_path: Path) -> None:
    installed.run("init", str(tmp_path))
    file = tmp_path / "netops.yaml"
    text = file.read_text(encoding="utf-8").replace("file:keys/main.password", "hunter2-of-mine")
    file.write_text(text, encoding="utf-8")
    done = installed.run("config", "check", str(file))
    assert done.returncode == 78
    assert "backup.repositories.main.password" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def test_schema_that_init_writes_is_the_one_the_command_prints(
    installed: Installed, tmp_path: Path
) -> None:
    installed.run("init", str(tmp_path))
    printed = installed.run("config", "schema")
    written = (tmp_path / "netops.schema.json").read_text(encoding="utf-8")
    assert json.loads(printed.stdout) == json.loads(written)


# --- quickstart -----------------------------------------------------------------------------------


def quickstart(
    site: Path, *words: str, path: str | None = None
) -> "subprocess.CompletedProcess[str]":
    programs = str(Path(sys.executable).parent)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}" if path is None else path,
        "HOME": str(site.parent / "home"),
        "LANG": "C.UTF-8",
        "QUICKSTART_SITE": str(site),
    }
    (site.parent / "home").mkdir(exist_ok=True)
    return subprocess.run(
        ["/bin/sh", ROOT / "scripts/quickstart", "--no-install", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_quickstart_twice_is_full_then_differential_and_its_advice_works(tmp_path: Path) -> None:
    need("restic")
    if os.geteuid() != 0:
        unavailable("root", "reading all of /etc needs root")
    site = tmp_path / "a site"
    first = quickstart(site)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "First backups are full" in first.stdout
    assert "loans were written to the live database" in first.stdout
    assert "Meanwhile 0 loans" not in first.stdout
    second = quickstart(site)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "This was a differential: 3 jobs" in second.stdout
    assert "KEEP ELSEWHERE" not in second.stdout
    advice = second.stdout.partition("Try next:\n")[2].splitlines()
    assert len(advice) == 3
    for line in advice:
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
        assert done.returncode == 0, line + done.stdout + done.stderr
    restored = site / "restored/etc/passwd"
    assert restored.read_bytes() == Path("/etc/passwd").read_bytes()
    assert list((tmp_path / "home").iterdir()) == []
    assert _is_whole(site / "demo/loans.db")


def _is_whole(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as link:
        return bool(link.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def test_quickstart_without_restic_fails_and_shows_why(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "dirname", "date", "mkdir", "chmod", "cat", "sed", "tail", "rm", "id"):
        (programs / name).symlink_to(str(shutil.which(name)))
    (programs / "netops").symlink_to(Path(sys.executable).with_name("netops"))
    (programs / "python3").symlink_to(sys.executable)
    done = quickstart(tmp_path / "site", path=str(programs))
    assert done.returncode == 2
    assert "apt-get install restic" in done.stderr
    assert "Try next" not in done.stdout


def test_quickstart_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    done = quickstart(tmp_path / "site", "--fast")
    assert done.returncode == 64
    assert "--fast" in done.stderr
    assert not (tmp_path / "site").exists()


def test_quickstart_explains_itself(tmp_path: Path) -> None:
    done = quickstart(tmp_path / "site", "--help")
    assert done.returncode == 0
    assert "QUICKSTART_SITE" in done.stdout


# --- least privilege ------------------------------------------------------------------------------


def test_account_with_the_right_to_read_everything_backs_up_what_it_does_not_own(
    installed: Installed, tmp_path: Path
) -> None:
    need("restic", "setpriv")
    if os.geteuid() != 0:
        unavailable("root", "giving a capability away needs root")
    secret = tmp_path / "secret"
    secret.mkdir(mode=0o700)
    (secret / "letter").write_text("for root only\n", encoding="utf-8")
    with closing(sqlite3.connect(secret / "app.db")) as link:
        link.execute("CREATE TABLE t (x)")
    for file in secret.iterdir():
        file.chmod(0o600)
    site = tmp_path / "site"
    installed.run("init", str(site))
    (site / "netops.yaml").write_text(
        "backup:\n  repositories:\n"
        "    main: {location: ./main, password: file:keys/main.password}\n"
        f"  jobs:\n    secret:\n      sources: ['{secret}', {{sqlite: '{secret}/app.db'}}]\n"
        "      repository: main\n",
        encoding="utf-8",
    )
    _run(["chown", "-R", "nobody:", str(site)])
    for verb in ("init", "run"):
        done = _as_reader(installed, site, "backup", verb)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "permissions" not in _as_reader(installed, site, "doctor").stdout


def _as_reader(installed: Installed, site: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """As nobody, who may read everything and write only what is nobody's."""
    account = ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs"]
    sets = [f"--{kind}=-all,+dac_read_search" for kind in ("inh-caps", "ambient-caps")]
    program = [str(installed.programs / "netops"), "--site", str(site)]
    return subprocess.run(
        ["setpriv", *account, *sets, "--bounding-set=-all,+dac_read_search", *program, *words],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
