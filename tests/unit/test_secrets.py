"""Secrets come by reference, stay unseen, and reach programs without touching the disk."""

import copy
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netops.core import secrets as secrets_module
from netops.core.errors import SecretError
from netops.core.redact import redact
from netops.core.secrets import Secret, generate_password, lend, parse_reference, resolve


def private(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def test_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("hunter2-hunter2")
    assert secret.reveal() == "hunter2-hunter2"
    assert "hunter2" not in f"{secret} {secret!r} {[secret]} %s" % secret
    for steal in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            steal(secret)


def test_environment_variable_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETOPS_TEST_SECRET", "from the environment")
    assert resolve("env:NETOPS_TEST_SECRET", base=tmp_path).reveal() == "from the environment"
    monkeypatch.delenv("NETOPS_TEST_SECRET")
    with pytest.raises(SecretError, match="NETOPS_TEST_SECRET is not set"):
        resolve("env:NETOPS_TEST_SECRET", base=tmp_path)


@pytest.mark.parametrize("content", ["s3cret-x", "s3cret-x\n", "s3cret-x\r\n"])
def test_file_is_read_beside_netops_yaml_without_its_newline(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys").mkdir()
    private(tmp_path / "keys/main", content)
    assert resolve("file:keys/main", base=tmp_path).reveal() == "s3cret-x"
    assert resolve(f"file:{tmp_path}/keys/main", base=Path("/")).reveal() == "s3cret-x"


def test_only_one_newline_is_taken_off(tmp_path: Path) -> None:
    private(tmp_path / "key", " padded \n\n")
    assert resolve("file:key", base=tmp_path).reveal() == " padded \n"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o644, 0o777])
def test_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "key", "s3cret-y", mode)
    with pytest.raises(SecretError, match="open to others") as caught:
        resolve("file:key", base=tmp_path)
    assert caught.value.hint == f"chmod 600 {path}"
    assert caught.value.exit_code == 78


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_file_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(private(tmp_path / "key", "s3cret-z"), 12345, -1)
    with pytest.raises(SecretError, match="belongs to another user"):
        resolve("file:key", base=tmp_path)


def test_what_is_no_readable_text_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "dir").mkdir(mode=0o700)
    private(tmp_path / "empty", "\n")
    private(tmp_path / "binary", b"\xff\xfe")
    private(tmp_path / "nul", "a\0b")
    private(tmp_path / "large", "x" * 65_537)
    for name, reason in {
        "pipe": "not a regular file",
        "dir": "not a regular file",
        "empty": "is empty",
        "binary": "not UTF-8",
        "nul": "NUL",
        "large": "larger than 64 KiB",
        "absent": "no such file",
    }.items():
        with pytest.raises(SecretError, match=reason):
            resolve(f"file:{name}", base=tmp_path)


def test_systemd_credential_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    # systemd shows credentials of a service with User= as 0440 (an ACL, systemd.exec(5)).
    private(tmp_path / "main", "from systemd", 0o440)
    assert resolve("systemd:main", base=Path("/")).reveal() == "from systemd"
    with pytest.raises(SecretError, match="not the name of a credential"):
        resolve("systemd:../main", base=Path("/"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(SecretError, match="handed over no credentials"):
        resolve("systemd:main", base=Path("/"))


def test_command_is_split_and_run_without_a_shell(tmp_path: Path) -> None:
    private(tmp_path / "my key", "from a program\n")
    assert resolve("command:cat 'my key'", base=tmp_path).reveal() == "from a program"
    assert resolve("command:echo $HOME;id", base=tmp_path).reveal() == "$HOME;id"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("false", "exit code 1"),
        ("sh -c 'echo locked >&2; exit 3'", "exit code 3: locked"),
        ("/no/such/program", "cannot start"),
        ("true", "is empty"),
        ("echo 'open", "cannot be split"),
    ],
)
def test_failing_command_is_refused(tmp_path: Path, command: str, reason: str) -> None:
    with pytest.raises(SecretError, match=reason):
        resolve(f"command:{command}", base=tmp_path)


def test_late_command_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets_module, "COMMAND_DEADLINE_S", 0.3)
    started = time.monotonic()
    with pytest.raises(SecretError, match="did not end within"):
        resolve("command:sh -c 'sleep 600 & echo $! > child; wait'", base=tmp_path)
    assert time.monotonic() - started < 60
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    deadline = time.monotonic() + 60
    while child.exists() and child.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.exists() or child.read_text().split()[2] == "Z"


def test_keyring_is_optional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SecretError, match="not installed") as caught:
        resolve("keyring:netops/main", base=tmp_path)
    assert caught.value.hint == "pip install 'netops[keyring]'"


@pytest.mark.parametrize(
    "text", ["hunter2", "", "hunter2:x", "FILE:hunter2", ":hunter2", "https://hunter2", "file :x"]
)
def test_literal_secret_is_refused_and_never_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(SecretError, match="by reference, never as itself") as caught:
        resolve(text, base=tmp_path)
    assert "hunter2" not in str(caught.value.as_dict())


@pytest.mark.parametrize("text", ["file:", "env: ", "keyring:service", "keyring:/u", "file:a\0b"])
def test_reference_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="needs a"):
        parse_reference(text)


def test_resolved_value_is_masked_from_then_on(tmp_path: Path) -> None:
    private(tmp_path / "key", "only-here-7c1d\n")
    resolve("file:key", base=tmp_path)
    assert redact("error: only-here-7c1d refused") == "error: *** refused"


def test_lent_secret_is_read_by_a_child_and_gone_afterwards() -> None:
    with lend(Secret("lent-väl-ue")) as path:
        assert "lent" not in path
        for _ in range(2):  # restic reads its password file more than once
            assert subprocess.run(["cat", path], capture_output=True, check=True).stdout == (
                "lent-väl-ue".encode()
            )
        assert Path(path).stat().st_mode & 0o777 == 0o600
    assert not Path(path).exists()


def overwrite(path: Path, action: str) -> None:
    with path.open(action) as file:
        file.write("x")


def test_lent_secret_cannot_be_changed() -> None:
    with lend(Secret("sealed-value")) as path:
        for action in ("a", "w", "r+"):
            with pytest.raises(PermissionError):
                overwrite(Path(path), action)
        assert Path(path).read_text() == "sealed-value"


def test_lent_secret_does_not_leak_into_children_as_a_descriptor() -> None:
    with lend(Secret("no-descriptor")):
        run = subprocess.run(
            ["ls", "-l", "/proc/self/fd"],
            capture_output=True,
            text=True,
            close_fds=False,
            check=True,
        )
    assert "memfd" not in run.stdout


def test_generated_passwords_are_long_and_distinct() -> None:
    passwords = {generate_password() for _ in range(100)}
    assert len(passwords) == 100
    assert all(len(password.replace("-", "")) == 32 for password in passwords)
    assert len(generate_password(bits=7).replace("-", "")) == 2
