"""Start a program with variables from a private file: `python launch.py FILE PROGRAM ARG…`."""

import json
import os
import sys


def main() -> None:
    """Take the variables and become the program."""
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123  pathlib would double the start-up time
        os.environ.update(json.load(file))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  becoming the program is the point


if __name__ == "__main__":
    main()
