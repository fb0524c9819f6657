"""What a server needs to let netops read its logs and nothing else, and how its key is pinned."""

from pathlib import Path

from netops.backup.logs.origin import account_of, known_hosts_of
from netops.backup.logs.source import LogSource
from netops.core.dataclass import dataclass
from netops.core.errors import AccessError, UsageError
from netops.core.results import Result
from netops.core.run import Context
from netops.core.ssh import HostKey, offered_key, public_key
from netops.core.status import Status

_PROGRAM = "/usr/local/bin/netops-logs-export"


def script() -> str:
    """Return the program for the server."""
    return (Path(__file__).parent / "export.sh").read_text(encoding="utf-8")


def authorized_keys_line(source: LogSource) -> str:
    """Return the line for authorized_keys of the account on the server."""
    paths = " ".join(f"'{path}'" for path in source.paths)
    key = public_key(account_of(source).private_key)
    return f'command="{_PROGRAM} {paths}",restrict {key} netops-logs'


def instructions(source: LogSource, state: Path) -> str:
    """Return the steps in words and commands; asks the server for its key."""
    if source.host is None:
        return f"{source.name} is this machine: nothing is to be set up.\n"
    account = account_of(source)
    shown = offered_key(source.host, source.port, account.connect_timeout_s)
    user = source.user
    return f"""\
1. On {source.host}, as root: the program that may run, and an account that runs nothing else.
   (netops backup logs authorize --script {source.name} prints the program.)

     install -m 755 netops-logs-export {_PROGRAM}
     useradd --system --create-home --shell /bin/sh {user}
     usermod --append --groups adm {user}        # the group that may read the logs
     install -d -m 700 -o {user} -g {user} ~{user}/.ssh

2. One line in ~{user}/.ssh/authorized_keys there:

{authorized_keys_line(source)}

3. The server shows this key ({shown.kind}):

     {shown.fingerprint}

   On its own console, ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub must show the same (or the
   file of the kind above). {_pinned(source, state, shown)}
"""


def _pinned(source: LogSource, state: Path, shown: HostKey) -> str:
    known = known_hosts_of(source, state).find(account_of(source).address)
    if shown in known:
        return "It is the one that is pinned."
    was = f"Pinned is another: {known[0].fingerprint}. " if known else ""
    return (
        f"{was}Then:\n\n     netops backup logs authorize {source.name} --pin {shown.fingerprint}"
    )


@dataclass(frozen=True, slots=True)
class PinRun:
    """The work of `backup logs authorize --pin`."""

    state: Path
    fingerprint: str

    def __call__(self, source: LogSource, context: Context) -> Result:
        """Pin the key the server shows, if it has the fingerprint that was given."""
        del context
        if source.host is None:
            raise UsageError(f"{source.name} is this machine: it has no key to pin")
        account = account_of(source)
        shown = offered_key(source.host, source.port, account.connect_timeout_s)
        if shown.fingerprint != self.fingerprint:
            raise AccessError(
                f"{source.host} shows {shown.fingerprint}, not {self.fingerprint}",
                hint="compare once more on the server's own console; nothing was pinned",
            )
        known_hosts_of(source, self.state).pin(account.address, shown)
        return Result(
            source.name,
            Status.OK,
            f"pinned {shown.kind} {shown.fingerprint}",
            {"address": account.address, "kind": shown.kind, "key": shown.body},
        )
