"""Compiles the SNMP decoder where there is a compiler; without one netops is installed all the same."""

import os
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("netops/snmp/_codec.c")
#: Leave the decoder out, as on a machine without a compiler.
VARIABLE = "NETOPS_BUILD_CODEC"
_LONGEST_S = 120


class DecoderHook(BuildHookInterface):
    """Called by hatchling for wheels and for editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled decoder to the wheel, or say why it is missing."""
        name = "_codec" + (sysconfig.get_config_var("EXT_SUFFIX") or ".so")
        root = Path(self.root)
        if version == "editable":  # used where it lies
            built = root / SOURCE.with_name(name)
            built.unlink(missing_ok=True)
        else:
            built = Path(tempfile.mkdtemp()) / name
        reason = _compile(root / SOURCE, built)
        if reason:
            self.app.display_info(f"the Python decoder is used: {reason}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        if version != "editable":
            build_data["force_include"][str(built)] = str(SOURCE.with_name(name))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled for a wheel; an editable install goes on using it."""
        del artifact_path
        for built in build_data["force_include"] if version != "editable" else ():
            if Path(built).name.startswith("_codec"):
                shutil.rmtree(Path(built).parent, ignore_errors=True)


def _compile(source: Path, built: Path) -> str:
    """Compile; return why that was not possible, nothing when it was."""
    if os.environ.get(VARIABLE) == "no":
        return f"{VARIABLE} is no"
    compiler = shlex.split(os.environ.get("CC") or "cc")
    if not compiler or shutil.which(compiler[0]) is None:
        return "there is no C compiler"
    header = sysconfig.get_path("include")
    words = [*compiler, "-O2", "-shared", "-fPIC", "-I", header, str(source), "-o", str(built)]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=_LONGEST_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode:
        built.unlink(missing_ok=True)
        return (done.stderr.strip().splitlines() or ["the compiler failed"])[0]
    return ""
