"""python -m tests.lab: a campus on this machine, to try netops on."""

import argparse
import os
import sys
import time
from pathlib import Path

from tests.lab import build, faults
from tests.lab.generate import generate
from tests.lab.keeping import sweep
from tests.lab.lab import LabError
from tests.lab.topology import campus


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.act(options) or 0)
    except FileNotFoundError as error:
        print(f"tests.lab: no lab of this name runs ({error.filename})", file=sys.stderr)
        return 1
    except (LabError, OSError) as error:
        print(f"tests.lab: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    verbs = parser.add_subparsers(required=True)
    named = argparse.ArgumentParser(add_help=False)
    default = os.environ.get("NETOPS_LAB", "campus")
    named.add_argument("--name", default=default, help="the lab's name (or $NETOPS_LAB)")
    up = verbs.add_parser("up", parents=[named], help="set it up; it stays until `down`")
    up.add_argument("--size", type=int, default=11, help="managed nodes: 11, or more switches")
    up.add_argument("--adverse", action="store_true", help="misleading port numbers, MACs as names")
    up.add_argument("--with", dest="services", default="", help="ssh,frr")
    up.set_defaults(act=_up)
    down = verbs.add_parser("down", parents=[named], help="end it; nothing is left")
    down.set_defaults(act=lambda options: build.attach(options.name).down())
    shell = verbs.add_parser("shell", parents=[named], help="a shell in a node")
    shell.add_argument("node")
    shell.set_defaults(act=_shell)
    known = "; ".join(f"{name} {' '.join(words)}" for name, words in faults.verbs().items())
    fault = verbs.add_parser("fault", parents=[named], help="let something go wrong", epilog=known)
    fault.add_argument("verb", choices=faults.verbs(), metavar="VERB")
    fault.add_argument("words", nargs="*")
    fault.set_defaults(act=_fault)
    status = verbs.add_parser("status", help="what runs")
    status.set_defaults(act=_status)
    address = verbs.add_parser("address", parents=[named], help="a node's management address")
    address.add_argument("node")
    address.set_defaults(
        act=lambda options: print(build.attach(options.name).address(options.node))
    )
    site = verbs.add_parser("site", parents=[named], help="write a netops site that points at it")
    site.add_argument("directory", type=Path)
    site.set_defaults(act=_site)
    return parser


def _up(options: argparse.Namespace) -> None:
    topology = campus() if options.size == 11 else generate(options.size)
    services = [word for word in options.services.split(",") if word]
    began_s = time.monotonic()
    made = build.up(
        topology, name=options.name, adverse=options.adverse, services=services, owned=False
    )
    agents = len(topology.managed())
    print(
        f"{agents} nodes with agents, {len(topology.links)} cables: {time.monotonic() - began_s:.1f} s"
    )
    print(f"Management network {made.network}, community public, core1 is {made.address('core1')}")


def _shell(options: argparse.Namespace) -> None:
    made = build.attach(options.name)
    if made.topology.nodes[options.node].managed:
        command = ["nsenter", "--target", str(made.pid(options.node)), "--all"]
    else:
        command = [*made.keeper.enter(), "ip", "netns", "exec", options.node]
    os.execvp(command[0], [*command, "bash"])


def _fault(options: argparse.Namespace) -> None:
    wanted = faults.verbs()[options.verb]
    if len(options.words) != len(wanted):
        raise LabError(f"{options.verb} {' '.join(wanted).upper()}")
    made = build.attach(options.name)
    try:
        getattr(faults.Faults(made), options.verb)(*options.words)
    except (KeyError, ValueError) as error:
        raise LabError(f"there is no such place: {error}") from error
    made.save()


def _status(options: argparse.Namespace) -> None:
    del options
    sweep()
    for name in build.names():
        made = build.attach(name)
        print(f"{name}: {made.network}, {len(made.topology.nodes)} nodes")
        for node in made.topology.managed():
            print(f"  {node.name:8} {made.address(node.name):15} {node.role:13} {node.location}")


def _site(options: argparse.Namespace) -> None:
    from tests.lab.site import write_site

    write_site(build.attach(options.name), options.directory)
    print(f"netops --site {options.directory} inventory list")


if __name__ == "__main__":
    sys.exit(main())
