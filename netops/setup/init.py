"""`netops init`: a site that runs as it stands, with secrets of its own."""

from pathlib import Path

from netops.core.dataclass import dataclass
from netops.core.errors import AccessError, NetopsError
from netops.core.files import private_directory, write_atomic
from netops.core.secrets import generate_password

#: Which password files the sample configuration refers to.
PASSWORD_FILES = ("keys/main.password", "keys/offsite.password")
_SAMPLES = ("netops.yaml", "netops.schema.json", "inventory/devices.yaml")


@dataclass(frozen=True, slots=True)
class Made:
    """One file of a site."""

    path: Path
    #: False when it was there before; nothing is ever overwritten.
    is_new: bool


def make_site(directory: Path) -> list[Made]:
    """Write what is missing of a site into `directory`; keep what is there."""
    try:
        private_directory(directory)
        private_directory(directory / "keys").chmod(0o700)
        private_directory(directory / "inventory")
        made = [_write(directory / name, _sample(name), mode=0o640) for name in _SAMPLES]
        made += [
            _write(directory / name, generate_password() + "\n", mode=0o600)
            for name in PASSWORD_FILES
        ]
    except PermissionError as error:
        raise AccessError(
            f"cannot write {error.filename}: permission denied",
            hint="run as the account that is to own the site, or name another directory",
        ) from error
    except OSError as error:
        raise NetopsError(f"cannot make a site in {directory}: {error.strerror}") from error
    return made


def samples_directory() -> Path:
    """Return where the sample files are: in the package, or in the checkout it runs from."""
    installed = Path(__file__).parents[1] / "configs"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "configs"


def _sample(name: str) -> str:
    return (samples_directory() / name).read_text(encoding="utf-8")


def _write(path: Path, text: str, *, mode: int) -> Made:
    if path.exists():
        return Made(path, is_new=False)
    write_atomic(path, text, mode=mode)
    return Made(path, is_new=True)
