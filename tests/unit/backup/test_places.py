"""Where repositories lie, what a path of a snapshot stands for, and what a restore may name."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netops.app import Site
from netops.backup.engines.base import origin_of, staged_path, staging_directory
from netops.backup.restic.sftp import directory_of
from netops.backup.restic.simple import Snapshot
from netops.backup.targets.base import split
from netops.backup.targets.remote import RemoteTarget, address_of
from netops.core.errors import ConfigError, IntegrityError


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("rest:http://127.0.0.1:8000/", ("127.0.0.1", 8000)),
        ("rest:https://vault.example.org/x", ("vault.example.org", 443)),
        ("rest:http://[::1]:8000/", ("::1", 8000)),
        ("rest:https://user:pw@vault.example.org:8443/", ("vault.example.org", 8443)),
        ("s3:https://s3.example.org/bucket", ("s3.example.org", 443)),
        ("s3:http://127.0.0.1:9000/bucket", ("127.0.0.1", 9000)),
        ("s3:s3.example.org/bucket", ("s3.example.org", 443)),
        ("s3:s3.example.org:9000/bucket", ("s3.example.org", 9000)),
        ("sftp://user@127.0.0.1:2222/srv", ("127.0.0.1", 2222)),
        ("sftp:user@127.0.0.1:/srv", ("127.0.0.1", 22)),
        ("sftp:user@[::1]:/srv", ("::1", 22)),
        ("sftp:an-alias-that-nobody-knows:/srv", None),
        ("rclone:remote:path", None),
        ("b2:bucket:path", None),
        ("s3:", None),
        ("rest:http:///", None),
    ],
)
def test_address_to_knock_at(location: str, address: tuple[str, int] | None) -> None:
    assert address_of(location) == address


@pytest.mark.parametrize(
    "location", ["rest:http://host:99999/", "s3:https://host:port/b", "rest:http://[x/"]
)
def test_address_that_is_none_is_a_configuration_error(location: str) -> None:
    with pytest.raises(ConfigError, match="is no address"):
        RemoteTarget(location).reach(1)


@pytest.mark.parametrize(
    ("location", "directory"),
    [
        ("sftp:user@host:/srv/netops", "/srv/netops"),
        ("sftp:host:below/home", "below/home"),
        ("sftp:user@[::1]:/srv/a:b[c]", "/srv/a:b[c]"),
        ("sftp://user@host:2222//srv/netops", "/srv/netops"),
        ("sftp://host/below/home", "below/home"),
        ("sftp://host//srv/with%20blank", "/srv/with blank"),
        ("sftp://host/", "."),
    ],
)
def test_directory_on_an_sftp_server(location: str, directory: str) -> None:
    assert directory_of(location) == directory


@pytest.mark.parametrize(
    ("written", "environment"),
    [
        ("", {"A": "env:DAILY"}),
        ("prune_environment:", {"A": "env:DAILY"}),
        ("prune_environment: {}", {}),
        ("prune_environment: {B: 'env:OTHER'}", {"B": "env:OTHER"}),
    ],
)
def test_environment_for_deleting(
    written: str, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "netops.yaml").write_text(
        "backup:\n  repositories:\n    vault:\n      location: rest:http://vault/\n"
        "      password: env:PASSWORD\n      append_only: true\n"
        f"      environment: {{A: 'env:DAILY'}}\n      {written}\n"
    )
    site = Site(tmp_path / "netops.yaml")
    try:
        vault = site.backup_plan.repositories["vault"]
    finally:
        site.close()
    assert vault.for_deleting().environment == environment
    assert vault.may_delete is (environment != vault.environment)


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("/srv/x", "local"),
        ("relative", "local"),
        ("/a:b", "local"),
        ("sftp:h:/x", "sftp"),
        ("s3:x", "s3"),
    ],
)
def test_kind_of_place(location: str, kind: str) -> None:
    assert split(location)[0] == kind


PARTS = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20
).filter(lambda part: part not in {".", ".."})
PATHS = st.lists(PARTS, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))


@example("/\n", "etc")
@example("/a\nb\n", "etc")
@given(PATHS, st.sampled_from(["etc", "a-job", "netops"]))
def test_staged_copy_tells_where_it_belongs(path: str, job: str) -> None:
    staged = staged_path(
        staging_directory(Path("/var/lib/netops/staging"), job, "sqlite"), Path(path)
    )
    assert origin_of(str(staged)) == path


@given(PATHS)
def test_plain_path_belongs_to_itself(path: str) -> None:
    if "/staging/" not in path:
        assert origin_of(path) == path


@pytest.mark.parametrize(
    ("tags", "number"),
    [
        (["netops-seq=7"], 7),
        ([], 0),
        (["netops-seq="], 0),
        (["netops-seq=-1"], 0),
        (["netops-seq=²"], 0),
        (["netops-seq=" + "9" * 5000], 0),
        (["netops-seq=0x10"], 0),
    ],
)
def test_sequence_of_a_snapshot_is_a_number_whatever_its_tags(tags: list[str], number: int) -> None:
    assert Snapshot("x", "2026-01-01T00:00:00Z", (), tuple(tags), "h", None).sequence == number


def test_tag_is_found_by_its_whole_name() -> None:
    snapshot = Snapshot("x", "t", (), ("netops-run2=b", "netops-run=a=c"), "h", None)
    assert snapshot.tag("netops-run") == "a=c"
    assert snapshot.tag("netops") is None


def test_links_on_the_way_are_refused(tmp_path: Path) -> None:
    from netops.backup.restore import _refuse_links

    target = tmp_path / "target"
    (target / "real" / "deep").mkdir(parents=True)
    (target / "link").symlink_to(tmp_path)
    _refuse_links(target, target / "real" / "deep" / "file")
    _refuse_links(target, target / "not" / "there" / "yet")
    for path in (target / "link" / "file", target / "link" / "deep" / "file", tmp_path / "beside"):
        with pytest.raises(IntegrityError):
            _refuse_links(target, path)
