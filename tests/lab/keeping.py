"""Who keeps a lab alive: its process 1, its directory, its network number, and what clears up after the dead."""

import contextlib
import fcntl
import ipaddress
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOMS = Path("/run/netops-lab")
HERE = Path(__file__).parent
#: For measuring networks (RFC 2544): no campus uses it. Half of it is a habit of proxy programs.
PREFIXES = [f"198.{second}.{third}" for second in (19, 18) for third in range(256)]
_serial = itertools.count(1)


@dataclass
class Keeper:
    """A lab's process 1 with what hangs on it."""

    name: str
    #: `unshare`, which takes process 1 with it when it is killed.
    outer: int
    #: Process 1, as this machine counts.
    pid: int
    number: int
    #: The end of the pipe that keeps an owned lab alive; -1 in other processes.
    hold: int = -1
    #: A lock that is free as soon as the process that started the lab is gone; -1 in others.
    lock: int = -1
    child: "subprocess.Popen[bytes] | None" = None

    @property
    def directory(self) -> Path:
        return ROOMS / self.name

    @property
    def prefix(self) -> str:
        """The first three numbers of all its management addresses."""
        return PREFIXES[self.number]

    @property
    def prefix6(self) -> str:
        """The first 64 bits, as text."""
        return f"fd6e:6574:6f70:{self.number:x}"

    @property
    def interface(self) -> str:
        """The machine's end of the cable into the lab."""
        return f"netlab{self.number}"

    def enter(self) -> list[str]:
        """Return what runs the rest of a command line in the lab's namespaces."""
        return ["nsenter", "--target", str(self.pid), "--mount", "--net", "--pid", "--"]

    def tell(self, line: str) -> None:
        """Give process 1 an order."""
        if self.hold >= 0:
            os.write(self.hold, f"{line}\n".encode())
        else:
            with (self.directory / "control").open("w") as control:
                control.write(f"{line}\n")

    def remember(self, known: dict[str, Any]) -> None:
        """Write down what other processes need to use the lab."""
        own = {"outer": self.outer, "pid": self.pid, "number": self.number}
        temporary = self.directory / "lab.json.new"
        temporary.write_text(json.dumps({"keeper": own, **known}))
        temporary.replace(self.directory / "lab.json")

    @property
    def alive(self) -> bool:
        """Tell whether its process 1 is there."""
        return self._is_mine(self.pid)

    def _is_mine(self, pid: int) -> bool:
        """Tell whether a process is the lab's: its number may belong to another by now."""
        with contextlib.suppress(OSError):
            return str(self.directory) in Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        return False

    def end(self) -> None:
        """End the lab and wait until the kernel has let go of it."""
        ended = _watch(self.pid)
        if self._is_mine(self.outer):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.outer, signal.SIGKILL)
        if self.child is not None:
            self.child.wait()
        for handle in {self.hold, self.lock} - {-1}:
            os.close(handle)
        self.hold = self.lock = -1
        if ended >= 0:
            # It ends only after everything else in its namespace.
            select.select([ended], [], [], 20)
            os.close(ended)
        subprocess.run(
            ["ip", "link", "delete", self.interface], stderr=subprocess.DEVNULL, check=False
        )
        shutil.rmtree(self.directory, ignore_errors=True)


def keep(name: str | None, *, owned: bool) -> Keeper:
    """Start the process 1 of a new lab and connect it to this machine."""
    ROOMS.mkdir(mode=0o700, exist_ok=True)
    name = name or f"test-{os.getpid()}-{next(_serial)}"
    directory = ROOMS / name
    directory.mkdir()
    os.mkfifo(directory / "control", 0o600)
    # Read and write, so that it opens before anybody reads.
    hold = os.open(directory / "control", os.O_RDWR) if owned else -1
    lock = _lock(directory, owned=owned)
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    with (directory / "log").open("wb") as log:
        child = subprocess.Popen(
            [
                *command,
                "sh",
                str(HERE / "keeper.sh"),
                str(directory),
                "owned" if owned else "detached",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    keeper = Keeper(name, child.pid, 0, 0, hold, lock, child)
    try:
        _await_kept(keeper, child)
        _connect(keeper)
        keeper.remember({})
    except BaseException:
        keeper.end()
        raise
    return keeper


def _watch(pid: int) -> int:
    """Return a handle that can be read from as soon as the process has ended; -1 if it has."""
    with contextlib.suppress(ProcessLookupError):
        return os.pidfd_open(pid) if pid else -1
    return -1


def _await_kept(keeper: Keeper, child: "subprocess.Popen[bytes]") -> None:
    ends_at_s = time.monotonic() + 20
    while not (keeper.directory / "kept").exists():
        if child.poll() is not None or time.monotonic() > ends_at_s:
            raise AssertionError(f"no lab: {(keeper.directory / 'log').read_text()}")
        time.sleep(0.005)
    text = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text()
    keeper.pid = int(text.split()[0])


def _connect(keeper: Keeper) -> None:
    """Take the first free number: the kernel gives the name of a link to one lab only."""
    taken = _routes()
    for number, prefix in enumerate(PREFIXES):
        if any(ipaddress.ip_network(f"{prefix}.0/24").overlaps(route) for route in taken):
            continue
        keeper.number = number
        peer = ["peer", "name", "up0", "netns", str(keeper.pid)]
        done = _ip("link", "add", "name", keeper.interface, "type", "veth", *peer)
        if done.returncode == 0:
            lines = f"link set {keeper.interface} up\n"
            lines += f"addr add {prefix}.1/24 dev {keeper.interface}\n"
            if Path("/proc/sys/net/ipv6").exists():
                lines += f"addr add {keeper.prefix6}::1/64 dev {keeper.interface} nodad\n"
            subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
            return
        if "exists" not in done.stderr:
            raise AssertionError(f"no link into the lab: {done.stderr}")
    raise AssertionError("all management networks of labs are taken on this machine")


def _ip(*argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["ip", *argv], capture_output=True, text=True, check=False)


def _routes() -> list[ipaddress.IPv4Network]:
    rows = json.loads(_ip("-json", "-4", "route", "show").stdout or "[]")
    words = [row["dst"] for row in rows if row["dst"] != "default"]
    return [ipaddress.IPv4Network(word) for word in words]


def _lock(directory: Path, *, owned: bool) -> int:
    """Take the lock that tells others whether the owner lives; the file says whether that matters."""
    handle = os.open(directory / "owner", os.O_RDWR | os.O_CREAT, 0o600)
    os.write(handle, b"owned" if owned else b"detached")
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def recall(name: str) -> tuple[Keeper, dict[str, Any]]:
    """Return the keeper of a lab that another process started, and what was written down."""
    known = json.loads((ROOMS / name / "lab.json").read_text())
    return Keeper(name, **known.pop("keeper")), known


def sweep() -> list[str]:
    """End labs whose owner is dead, as far as they have not ended by themselves; name them."""
    ended = []
    for directory in ROOMS.glob("*/"):
        if _orphaned(directory):
            with contextlib.suppress(OSError, ValueError, KeyError):
                recall(directory.name)[0].end()
            shutil.rmtree(directory, ignore_errors=True)
            ended.append(directory.name)
    return ended


def _orphaned(directory: Path) -> bool:
    try:
        with (directory / "owner").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            owned = file.read() == "owned"
    except BlockingIOError:
        return False
    except OSError:
        # It has no owner yet, or it is just being removed.
        return _age_s(directory) > 60
    if owned:
        return True
    with contextlib.suppress(OSError, ValueError, KeyError):
        return not recall(directory.name)[0].alive
    return True


def _age_s(directory: Path) -> float:
    try:
        return time.time() - directory.stat().st_mtime
    except OSError:
        return 0.0
