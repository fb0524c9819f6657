"""A site that `init` makes runs as it stands; what is there is never overwritten."""

import stat
from pathlib import Path

import pytest

from netops import config
from netops.core.errors import NetopsError
from netops.core.files import private_directory
from netops.setup.init import PASSWORD_FILES, make_site, samples_directory


def test_new_site_is_complete_and_its_configuration_is_right(tmp_path: Path) -> None:
    made = make_site(tmp_path / "site")
    assert all(item.is_new and item.path.is_file() for item in made)
    values = config.validate(tmp_path / "site/netops.yaml")
    assert set(values.backup.jobs) == {"etc", "netops"}
    assert set(values.backup.repositories) == {"main", "offsite"}


def test_every_password_of_the_sample_is_made_and_only_for_its_owner(tmp_path: Path) -> None:
    make_site(tmp_path / "site")
    sample = (samples_directory() / "netops.yaml").read_text(encoding="utf-8")
    for name in PASSWORD_FILES:
        assert f"file:{name}" in sample
        path = tmp_path / "site" / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert len(path.read_text(encoding="ascii").strip().replace("-", "")) >= 32


def test_two_sites_have_different_passwords(tmp_path: Path) -> None:
    texts = set()
    for site in ("one", "two"):
        make_site(tmp_path / site)
        texts |= {(tmp_path / site / name).read_text(encoding="ascii") for name in PASSWORD_FILES}
    assert len(texts) == 4


def test_second_init_keeps_every_byte(tmp_path: Path) -> None:
    make_site(tmp_path)
    (tmp_path / "netops.yaml").write_text("site: {name: Mine}\n", encoding="utf-8")
    (tmp_path / PASSWORD_FILES[0]).unlink()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    made = make_site(tmp_path)
    assert [item.path for item in made if item.is_new] == [tmp_path / PASSWORD_FILES[0]]
    assert all(path.read_bytes() == content for path, content in before.items())


def test_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("", encoding="utf-8")
    with pytest.raises(NetopsError, match=r"cannot make a site in .*site"):
        make_site(tmp_path / "site")


def test_keys_that_were_open_are_closed(tmp_path: Path) -> None:
    private_directory(tmp_path / "keys").chmod(0o755)
    make_site(tmp_path)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
