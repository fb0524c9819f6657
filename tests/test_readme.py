"""Every command that the README and the guides show does what they show."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.lab.build import discard
from tests.lab.fixtures import need_lab
from tests.require import need, unavailable

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs/howto").glob("*.md"))]
#: Written in a document whose commands make their own site.
FROM_NOTHING = "<!-- console: from nothing -->"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "\x1e"
#: In a document whose commands set a lab up.
_LAB = "tests.lab up"
# What differs from run to run and from machine to machine, the longest first.
_PLACEHOLDERS = (
    (r"\b\d+:[A-Za-z0-9+/]{43}=", "<head>"),
    (r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "<id>"),
    (r"\b\d{4}-(W\d\d|\d\d-\d\d( \d\d:\d\d)?)\b", "<time>"),
    (r"\b\d+(\.\d+)? (B|kB|MB|GB|TB)(?![\w])", "<size>"),
    (r"\b\d+(\.\d+)? ?(ms|s|m|h|d)\b( \d+ ?(s|m|h)\b)?", "<took>"),
    (r"\b[0-9a-f]{8}\b", "<snapshot>"),
    (r"\b\d+\b", "<n>"),
)


@dataclass
class Command:
    """A command of a document with what it should print and how it should end."""

    text: str
    expected: list[str] = field(default_factory=list)
    code: int = 0


def commands_of(text: str) -> list[Command]:
    """`$ command` (with `> ` for more lines), what it prints, and `? N` when it does not end with 0."""
    found: list[Command] = []
    for line in (line for block in _BLOCK.findall(text) for line in block.splitlines()):
        if line.startswith("$ "):
            found.append(Command(line[2:]))
        elif line.startswith("> ") and found and not found[-1].expected:
            found[-1].text += "\n" + line[2:]
        elif (end := re.fullmatch(r"\? (\d+)", line)) and found:
            found[-1].code = int(end[1])
        elif found:
            found[-1].expected.append(line)
    return found


def plain(line: str) -> str:
    """Return a line with placeholders for what may differ, one blank where there were many."""
    for pattern, placeholder in _PLACEHOLDERS:
        line = re.sub(pattern, placeholder, line)
    return " ".join(line.split())


def fits(expected: list[str], printed: list[str]) -> bool:
    """A line `...` stands for any lines, `...` within a line for any text."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            parts = [re.escape(plain(part)) for part in line.split("...")]
            pattern += r"\s?.*\s?".join(parts) + r"\n"
    return re.fullmatch(pattern, "".join(f"{plain(line)}\n" for line in printed)) is not None


def prepare(folder: Path, text: str) -> dict[str, str]:
    """Make a folder that looks like the checkout after command 1's installation; return the environment."""
    for name in ("scripts", "netops", "configs", "docs", "tests", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    programs = str(Path(sys.executable).parent)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "QUICKSTART_INSTALL": "no",
        "NETOPS_LAB": f"document-{os.getpid()}",
    }
    if "quickstart" not in text and FROM_NOTHING not in text:
        environment["NETOPS_SITE"] = str(make_small_site(folder / "site", environment))
    return environment


def make_small_site(site: Path, environment: dict[str, str]) -> Path:
    """A site whose one job is a few files, with its repositories."""
    (site / "data").mkdir(parents=True)
    (site / "data/letter.txt").write_text("Dear reader\n", encoding="utf-8")
    sample = (ROOT / "configs/netops.yaml").read_text(encoding="utf-8")
    small = sample.replace("sources: [/etc]", "sources: [./data]")
    (site / "netops.yaml").write_text(small, encoding="utf-8")
    for words in (["init", str(site)], ["--site", str(site), "backup", "init"]):
        subprocess.run(["netops", *words], env=environment, check=True, capture_output=True)
    return site


def run_all(commands: list[Command], folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run the commands one after the other in one shell; yield what is not as shown."""
    script = "".join(
        f"{{ {command.text}\n}} </dev/null 2>&1\nprintf '{_MARK}%s{_MARK}' $?\n"
        for command in commands
    )
    shell = ["bash", "--noprofile", "--norc", "-c", script]
    done = subprocess.run(
        shell, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert not done.stderr, done.stderr
    outputs = done.stdout.split(_MARK)
    assert len(outputs) == 2 * len(commands) + 1, done.stdout
    for command, output, code in zip(commands, outputs[::2], outputs[1::2], strict=False):
        if int(code) != command.code or not fits(command.expected, output.splitlines()):
            wanted = "\n".join(command.expected)
            yield f"$ {command.text}\n--- shown, ? {command.code}\n{wanted}\n--- printed, ? {code}\n{output}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_do_what_the_document_shows(document: Path, tmp_path: Path) -> None:
    text = document.read_text(encoding="utf-8")
    commands = commands_of(text)
    if not commands:
        assert "```console" not in text, "a console block without a command"
        return
    need("restic", "bash")
    if os.geteuid() != 0 and "/etc" in text:
        unavailable("root", f"{document.name} shows what root sees of /etc")
    if _LAB in text:
        need_lab()
    environment = prepare(tmp_path, text)
    assert shutil.which("netops", path=environment["PATH"])
    try:
        wrong = list(run_all(commands, tmp_path, environment))
    finally:
        if _LAB in text:
            discard(environment["NETOPS_LAB"])
    assert not wrong, "\n\n".join(wrong)


def test_readme_shows_both_commands_and_the_main_job() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "./scripts/test" in text
    quickstart = next(c for c in commands_of(text) if c.text == "./scripts/quickstart")
    table = [plain(line).split() for line in quickstart.expected]
    places = {(row[0], row[2]) for row in table if row[1:2] == ["full"]}
    assert places == {
        (job, place) for job in ("etc", "netops", "loans") for place in ("main", "offsite")
    }


def test_links_lead_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    lost = [
        f"{document.relative_to(ROOT)}: {link}"
        for document in documents
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if "://" not in link and not (document.parent / link).exists()
    ]
    assert not lost


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (["etc  full  OK  115  2.3 s"], ["etc     full  OK  87  0.4 s"], True),
        (["etc  full  OK  115  2.3 s"], ["etc  full  WARNING  87  0.4 s"], False),
        (["etc  full  OK"], ["etc  full  OK  -"], False),
        (["a", "...", "z"], ["a", "b", "c", "z"], True),
        (["a", "...", "z"], ["a", "z"], True),
        (["a", "...", "z"], ["a", "b"], False),
        (["kept in ... now"], ["kept in /tmp/x y now"], True),
        (["kept in ..."], ["lost in /tmp"], False),
        ([], ["a surprise"], False),
        (["2026-11-23 16:20 01M84KTGWKJVC7RZ1A9WDEYZQV 0afb28e5 36h"], ["<time> <id> <snapshot> <took>"], True),
    ],
)  # fmt: skip
def test_comparison_forgives_numbers_and_nothing_else(
    expected: list[str], printed: list[str], same: bool
) -> None:
    assert fits(expected, printed) is same
