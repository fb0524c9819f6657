"""How restic is told where to go, and how its words are understood."""

import shlex
import time
from pathlib import Path

import pytest

from netops.backup.restic.access import Access, copy_flags, opened
from netops.backup.restic.check import Findings, _findings, _Listener
from netops.backup.restic.sftp import SshHost, SshKeys, ssh_command, ssh_host
from netops.backup.restic.watch import Watch
from netops.backup.targets.remote import address_of
from netops.core.cancel import Cancel
from netops.core.errors import ConfigError, InterruptedRunError, UnreachableError
from netops.core.secrets import Secret

PACK = "5ed8bc51008182e66cdf10b77c20df3dba698eb2c84b3a6c8343c3d9d35954da"
BLOB = "09db42cb58979f68540d6bc052fdf5d4ed14e06b3ceb30ff32b7aee08ab013c4"
TREE = "433b1d8ef4fdf929babcb73c8b8ca7b623a34c23a3f7737dbddcfb60950969ef"


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("sftp:backup@vault.example.org:/srv/netops", SshHost("vault.example.org", "backup")),
        ("sftp:vault:netops", SshHost("vault")),
        ("sftp://backup@vault:2222//srv/netops", SshHost("vault", "backup", 2222)),
        ("sftp://[::1]:22/x", SshHost("::1", None, 22)),
        ("rest:http://vault/", None),
        ("/srv/netops", None),
    ],
)
def test_the_server_of_an_sftp_location(location: str, host: SshHost | None) -> None:
    assert ssh_host(location) == host


def test_ssh_never_asks_and_takes_only_the_known_server() -> None:
    keys = SshKeys(Secret("a private key"), "/etc/netops/known hosts")
    with ssh_command("sftp://me@vault:2222//srv", keys, 7) as command:
        assert command is not None
        words = shlex.split(command)
        identity = words[[w.startswith("IdentityFile=") for w in words].index(True)]
        with Path(identity.partition("=")[2]).open(encoding="ascii") as file:
            assert file.read() == "a private key\n"
    assert "StrictHostKeyChecking=yes" in words
    assert "UserKnownHostsFile=/etc/netops/known hosts" in words
    assert {"BatchMode=yes", "ConnectTimeout=7", "IdentitiesOnly=yes"} <= set(words)
    assert words[-4:] == ["-s", "--", "vault", "sftp"]
    assert not Path(identity.partition("=")[2]).exists()


def access(location: str, **more: Secret) -> Access:
    return Access("vault", location, Secret("password"), more)


def test_user_and_password_of_a_rest_server_stay_out_of_the_command_line() -> None:
    vault = access(
        "rest:https://vault:8000/netops/",
        RESTIC_REST_USERNAME=Secret("me"),
        RESTIC_REST_PASSWORD=Secret("p/w@1"),
    )
    with opened(vault) as invocation, copy_flags(vault) as flags:
        assert "p/w@1" not in " ".join([*invocation.argv, *flags, *invocation.env.values()])
        for arguments, flag in (
            (invocation.argv, "--repository-file"),
            (flags, "--from-repository-file"),
        ):
            with Path(arguments[arguments.index(flag) + 1]).open(encoding="ascii") as file:
                assert file.read() == "rest:https://me:p%2Fw%401@vault:8000/netops/"


def test_two_sftp_repositories_with_keys_of_their_own_are_refused_for_one_copy() -> None:
    one = Access("one", "sftp:a:/x", Secret("x"), ssh=SshKeys(known_hosts="/k"))
    two = Access("two", "sftp:b:/x", Secret("x"))
    with pytest.raises(ConfigError, match="both sftp"), opened(one, two):
        pass
    with opened(two, access("/local")) as invocation:
        assert any(word.startswith("sftp.command=ssh ") for word in invocation.argv)


def heard(*lines: str) -> Findings:
    listener = _Listener()
    for line in lines:
        listener.hear(line)
    return _findings(listener, "\n".join(listener.tail))


def test_words_of_0_14_about_a_rotten_pack() -> None:
    found = heard(
        f"Pack ID does not match, want {PACK}, got {BLOB}", "Fatal: repository contains errors"
    )
    assert found.items() == [("pack", PACK)]
    assert found.vague_packs == (PACK,)


def test_words_of_0_18_about_a_rotten_pack() -> None:
    found = heard(
        f"pack {PACK} contains 2 errors: [blob {BLOB}: decrypting blob <data/09db42cb> from 5ed8bc51 failed: x]"
    )
    assert (found.packs, found.blobs, found.vague_packs) == ((PACK,), (BLOB,), ())


def test_a_missing_piece_does_not_blame_the_directory_that_names_it() -> None:
    found = heard(
        "error for tree 909515e4:",
        f'  tree {TREE}: file "a.bin" blob {BLOB} not found in index',
    )
    assert found.items() == [("blob", BLOB)]


def test_a_missing_pack_and_a_broken_directory_are_told_apart() -> None:
    found = heard(
        f"pack {PACK}: does not exist",
        "error for tree 433b1d8e:",
        f"  decrypting blob {TREE} failed: ciphertext verification failed",
    )
    assert (found.packs, found.missing_packs, found.trees) == ((PACK,), (PACK,), (TREE,))


def test_an_unknown_complaint_is_kept_in_restics_own_words() -> None:
    assert heard("something new is wrong", "Fatal: repository contains errors").other == (
        "something new is wrong · Fatal: repository contains errors"
    )


def test_a_call_that_repeats_itself_is_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    watch = Watch(Cancel(), 10)
    for second in range(9):
        now[0] += 1
        watch.heard(f"[0:{second:02}] 12.00%  3 / 25 packs copied")
    assert not watch.is_set()
    watch.heard("[0:09] 16.00%  4 / 25 packs copied")
    now[0] += 9
    assert not watch.is_set()
    now[0] += 2
    assert watch.is_set()
    with pytest.raises(UnreachableError, match="nothing moved"):
        watch.check()


def test_an_interrupted_run_is_no_stall() -> None:
    run = Cancel()
    watch = Watch(run, None)
    run.by_signal(15)
    assert watch.is_set()
    with pytest.raises(InterruptedRunError):
        watch.check()


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("sftp://me@vault.invalid:2222//srv", ("vault.invalid", 2222)),
        ("sftp:me@no-such-host.invalid:/srv", None),
        ("rest:http://vault:8000/x", ("vault", 8000)),
        ("rest:https://vault/x", ("vault", 443)),
        ("s3:https://s3.example.org/bucket", ("s3.example.org", 443)),
        ("s3:s3.example.org:9000/bucket", ("s3.example.org", 9000)),
        ("rclone:vault:bucket", None),
        ("b2:bucket:path", None),
    ],
)
def test_where_to_knock(location: str, address: tuple[str, int] | None) -> None:
    assert address_of(location) == address
