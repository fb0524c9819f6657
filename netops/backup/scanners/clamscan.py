"""Whole batches scanned by clamscan, and its lines read without being led astray by a file's name."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from netops.backup.scanners.base import Candidate, Limits, ScannerError
from netops.core import process
from netops.core.errors import InterruptedRunError, NetopsError
from netops.core.process import LineSink


class Clamscan:
    """
    One way to start clamscan.

    A list of names cannot carry every real name, so the batch is scanned through links that have
    plain ones. ClamAV up to 1.4.3 tells the name of the file behind the link all the same.
    """

    def __init__(self, program: str, database: Path, max_file_bytes: int) -> None:
        size = f"{max_file_bytes}"
        self._argv = [program, f"--database={database}", "--follow-file-symlinks=2"]
        self._argv += ["--no-summary", "--stdout", "--alert-exceeds-max=yes"]
        self._argv += [f"--max-filesize={size}", f"--max-scansize={size}"]

    def scan(self, batch: Sequence[Candidate], limits: Limits) -> list[str]:
        """Return what was said of each candidate, `OK` or `… FOUND`, empty for nothing."""
        lines = self._heard(batch, limits)
        broken = [_is_broken(candidate) for candidate in batch]
        if not any(broken) or lines.tells_links:
            return lines.said
        # A name with a line break could speak for another file, so those are asked one by one.
        plain = [candidate for candidate in batch if not _is_broken(candidate)]
        rest = iter(self._heard(plain, limits).said if plain else ())
        return [self._alone(item, limits) if _is_broken(item) else next(rest) for item in batch]

    def _heard(self, batch: Sequence[Candidate], limits: Limits) -> "_Lines":
        with tempfile.TemporaryDirectory(prefix="netops-scan-") as folder:
            for number, candidate in enumerate(batch):
                (Path(folder) / str(number)).symlink_to(candidate.path)
            names = Path(folder) / "names"
            names.write_text("".join(f"{folder}/{n}\n" for n in range(len(batch))))
            lines = _Lines(folder, batch)
            code = self._run([f"--file-list={names}"], limits, lines.hear)
        if code not in {0, 1} and not any(lines.said):
            raise ScannerError(f"clamscan ended with {code}: {lines.last}")
        return lines

    def _alone(self, candidate: Candidate, limits: Limits) -> str:
        """Scan one file; the exit code is the verdict, whatever its name is."""
        heard: list[str] = []
        with tempfile.TemporaryDirectory(prefix="netops-scan-") as folder:
            link = Path(folder) / "0"
            link.symlink_to(candidate.path)
            code = self._run([str(link)], limits, heard.append)
        found = heard[-1].rpartition(": ")[2] if heard else ""
        return {0: "OK", 1: found if found.endswith(" FOUND") else "infected FOUND"}.get(code, "")

    def _run(self, words: Sequence[str], limits: Limits, hear: LineSink) -> int:
        try:
            done = process.run(
                [*self._argv, *words],
                deadline_s=limits.deadline_s,
                cancel=limits.cancel,
                on_stdout=hear,
                on_stderr=hear,
            )
        except InterruptedRunError:
            raise
        except NetopsError as error:
            limits.cancel.check()
            raise ScannerError(f"clamscan: {error}", hint=error.hint) from error
        return done.returncode


class _Lines:
    """Clamscan's lines, each given to the candidate whose name it begins with."""

    def __init__(self, folder: str, batch: Sequence[Candidate]) -> None:
        self.said = [""] * len(batch)
        self.tells_links = False
        self.last = ""
        self._links = {f"{folder}/{number}": [number] for number in range(len(batch))}
        self._targets: dict[str, list[int]] = {}
        for number, candidate in enumerate(batch):
            self._targets.setdefault(_as_told(os.path.realpath(candidate.path)), []).append(number)

    def hear(self, line: str) -> None:
        """Take one line; the longest name that fits is meant, and the worst word stands."""
        self.last = line
        end = len(line)
        while (end := line.rfind(": ", 0, end)) >= 0:
            name, text = line[:end], line[end + 2 :]
            if self._keep(self._links, name, text):
                self.tells_links = True
                return
            if not self.tells_links and self._keep(self._targets, name, text):
                return

    def _keep(self, known: Mapping[str, Sequence[int]], name: str, text: str) -> bool:
        for number in known.get(name, ()):
            if _rank(text) > _rank(self.said[number]):
                self.said[number] = text
        return name in known


def _rank(text: str) -> int:
    if not text:
        return 0
    return 1 if text in {"OK", "Empty file"} else 3 if text.endswith(" FOUND") else 2


def _as_told(path: str) -> str:
    """Return a name as it stands in a line of output."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _is_broken(candidate: Candidate) -> bool:
    return "\n" in os.path.realpath(candidate.path)
