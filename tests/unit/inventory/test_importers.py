"""What is special about single formats."""

from pathlib import Path

import pytest

from netops.core.errors import ConfigError, UsageError
from netops.inventory.importers.ansible import AnsibleImporter, expanded
from netops.inventory.importers.base import Draft, Wishes
from netops.inventory.importers.librenms import LibrenmsImporter
from netops.inventory.importers.netbox import NetboxImporter
from netops.inventory.importers.nornir import NornirImporter
from netops.inventory.importers.oxidized import OxidizedImporter
from netops.inventory.importers.sheets import SheetImporter


def ansible(tmp_path: Path, text: str, name: str = "hosts") -> Draft:
    (tmp_path / name).write_text(text)
    return AnsibleImporter().read(tmp_path / name, Wishes())


def test_ansible_groups_inherit_as_ansible_has_it(tmp_path: Path) -> None:
    draft = ansible(
        tmp_path,
        "lonely\n[access]\nsw1 rack=B2\n[access:vars]\nansible_network_os=vyos\nvlan=30\n[all:vars]\nowner=NC\n"
        "[campus:children]\naccess\n",
    )
    assert draft.groups["access"] == {
        "platform": "vyos",
        "data": {"vlan": 30},
        "groups": ["campus"],
    }
    assert draft.devices["sw1"] == {"groups": ["access"], "data": {"rack": "B2"}}
    assert draft.devices["lonely"] == {}
    assert draft.defaults == {"owner": "NC"}


def test_ansible_variables_beside_the_inventory_are_read(tmp_path: Path) -> None:
    for folder, name, text in (
        ("group_vars", "access.yml", "ansible_network_os: arista.eos.eos\n"),
        ("host_vars", "sw1.yml", "ansible_host: 10.0.0.1\nansible_password: x\n"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    draft = ansible(tmp_path, "[access]\nsw1\n")
    assert draft.groups["access"]["platform"] == "arista_eos"
    assert draft.devices["sw1"]["host"] == "10.0.0.1"
    assert draft.secrets


def test_ansible_inventory_that_is_a_program_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (tmp_path / "hosts").chmod(0o755)
    with pytest.raises(ConfigError, match="nothing is executed"):
        AnsibleImporter().read(tmp_path / "hosts", Wishes())
    assert not (tmp_path / "ran").exists()


def test_ansible_ranges_are_written_out_and_bounded() -> None:
    assert list(expanded("w[08:10].x")) == ["w08.x", "w09.x", "w10.x"]
    assert list(expanded("db-[a:c]")) == ["db-a", "db-b", "db-c"]
    assert list(expanded("r[1:5:2]")) == ["r1", "r3", "r5"]
    assert list(expanded("plain")) == ["plain"]
    for text in ("x[0:999999999]", "x[0:999][0:999]", "x[1:c]", "x[1:9:0]"):
        with pytest.raises(ConfigError):
            list(expanded(text))


def test_ansible_lines_that_mean_nothing_are_told_with_their_place(tmp_path: Path) -> None:
    draft = ansible(tmp_path, "sw1 loose\nsw2 a='never\n")
    assert draft.mistakes == ["hosts:1: 1 words are not key=value", "hosts:2: no closing quotation"]


def test_ansible_path_in_a_group_name_reads_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "other.yml").write_text("stolen: 1\n")
    draft = ansible(tmp_path, "[../other]\nsw1\n")
    assert "stolen" not in str(draft.groups)


def test_oxidized_group_is_taken_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "router.db").write_text("sw1:ios:library:admin:pw\n")
    draft = OxidizedImporter().read(tmp_path / "router.db", Wishes(["group=2"]))
    assert draft.devices["sw1"] == {"platform": "ios", "groups": ["library"]}
    with pytest.raises(UsageError):
        OxidizedImporter().read(tmp_path / "router.db", Wishes(["colour=2"]))


def test_nornir_connection_options_are_left_behind(tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text(
        "a: {hostname: 10.0.0.1, username: u, password: p, port: 22}\n"
    )
    (tmp_path / "defaults.yaml").write_text("platform: ios\npassword: p\n")
    draft = NornirImporter().read(tmp_path / "hosts.yaml", Wishes())
    assert draft.devices == {"a": {"host": "10.0.0.1"}}
    assert draft.defaults == {"platform": "ios"}
    assert draft.secrets == ["hosts.yaml:1: password", "defaults.yaml: password"]


def test_netbox_device_keeps_rack_status_and_maker(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(
        '[{"name": "fw", "role": {"slug": "firewall"}, "status": {"value": "offline"}, "rack": {"name": "R1"},'
        '"device_type": {"model": "FG-200F", "manufacturer": {"name": "Fortinet"}}, "primary_ip": null}]'
    )
    entry = NetboxImporter().read(tmp_path / "d.json", Wishes()).devices["fw"]
    assert (entry["kind"], entry["role"], entry["tags"]) == ("firewall", "firewall", ["offline"])
    assert entry["data"] == {
        "maker": "Fortinet",
        "model": "FG-200F",
        "rack": "R1",
        "status": "offline",
    }


def test_librenms_csv_is_read_by_its_heads(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("hostname,sysName,os,community\nsw1.x.org,sw1,ios,hush\n")
    draft = LibrenmsImporter().read(tmp_path / "d.csv", Wishes())
    assert draft.devices["sw1"]["host"] == "sw1.x.org"
    assert draft.secrets == ["d.csv:2: community"]


def test_sheet_rows_without_a_latin_name_take_their_address(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("设备名称,IP地址\n图书馆交换机,10.1.0.12\n,\n核心,\n")
    draft = SheetImporter().read(tmp_path / "a.csv", Wishes())
    assert draft.devices == {"10.1.0.12": {"data": {"label": "图书馆交换机"}}}
    assert draft.mistakes == ["a.csv:4: '核心' gives no name for a device"]


def test_the_same_device_twice_in_a_file_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,ip\nsw1,10.0.0.1\nsw1,10.0.0.2\n")
    draft = SheetImporter().read(tmp_path / "a.csv", Wishes())
    assert draft.mistakes == ["a.csv:3: sw1 is given twice, first at a.csv:2"]
