"""Every importer reads its own format, copies no password, and refuses what is hostile."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from netops.core.document import Document
from netops.core.errors import NetopsError
from netops.core.settings import checked
from netops.inventory.importers import IMPORTERS
from netops.inventory.importers.base import Draft, Importer, Wishes
from netops.inventory.load import load_devices
from netops.inventory.proposal import propose
from netops.inventory.settings import InventoryFile

SECRET = "S3cret-that-must-not-travel"
ANSIBLE_INI = f"""\
# campus
[access]
sw[01:02] ansible_host=10.1.0.11 ansible_password={SECRET}
[core]
core-1 ansible_host=10.1.0.1 site=dc
[access:vars]
ansible_network_os=cisco.ios.ios
ansible_become_pass={SECRET}
vlan=30
[switches:children]
access
core
[all:vars]
owner=NC
"""
ANSIBLE_YAML = f"""\
all:
  children:
    switches:
      children:
        access:
          hosts:
            sw01: {{ansible_host: 10.1.0.11, rack: B2}}
            sw02: {{ansible_host: 10.1.0.12}}
          vars:
            ansible_network_os: cisco.ios.ios
            api_token: {SECRET}
            secret: !vault |
              $ANSIBLE_VAULT;1.1;AES256
              6162{SECRET}
        core:
          hosts: {{core-1: {{ansible_host: 10.1.0.1}}}}
"""
NORNIR = f"""\
sw01: {{hostname: 10.1.0.11, groups: [access], password: {SECRET}, data: {{site: library, enable_secret: {SECRET}}}}}
sw02: {{hostname: 10.1.0.12, groups: [access]}}
core-1: {{hostname: 10.1.0.1, platform: eos}}
"""
GROUPS = f"access: {{platform: ios, connection_options: {{netmiko: {{extras: {{secret: {SECRET}}}}}}}}}\n"
OXIDIZED = f"sw01:ios:admin:{SECRET}\nsw02:vrp:admin:{SECRET}\n# old\ncore-1:eos\n"
LIBRENMS = {
    "status": "ok",
    "devices": [
        {"hostname": f"10.1.0.{n}", "sysName": name, "os": "ios", "hardware": "C9300", "serial": f"F{n}",
         "type": "network", "community": SECRET, "authpass": SECRET, "cryptopass": SECRET}
        for n, name in ((11, "sw01"), (12, "sw02"), (1, "core-1"))
    ],
}  # fmt: skip
NETBOX = {
    "count": 3,
    "results": [
        {"name": name, "device_type": {"model": "C9300", "manufacturer": {"name": "Cisco", "slug": "cisco"}},
         "role": {"slug": "access-switch", "name": "Access switch"}, "platform": {"slug": "ios"},
         "serial": f"F{n}", "asset_tag": f"A-{n}", "site": {"slug": "library"}, "status": {"value": "active"},
         "primary_ip": {"address": f"10.1.0.{n}/24"}, "tags": [{"slug": "new"}],
         "custom_fields": {"snmp_community": SECRET, "rack_unit": 3}}
        for n, name in ((11, "sw01"), (12, "sw02"), (1, "core-1"))
    ],
}  # fmt: skip
CSV = (
    "name,ip,type,site,owner,serial,password\n"
    f"sw01,10.1.0.11,switch,library,NC,F11,{SECRET}\nsw02,10.1.0.12,switch,,,F12,\n"
    "core-1,10.1.0.1,交换机,,,F1,\n"
)
SAMPLES: dict[str, tuple[str, dict[str, str]]] = {
    "csv": ("csv", {"devices.csv": CSV}),
    "csv-gbk": ("csv", {"devices.csv": CSV}),
    "ansible-ini": ("ansible", {"hosts": ANSIBLE_INI}),
    "ansible-yaml": ("ansible", {"hosts.yml": ANSIBLE_YAML}),
    "nornir": ("nornir", {"hosts.yaml": NORNIR, "groups.yaml": GROUPS}),
    "oxidized": ("oxidized", {"router.db": OXIDIZED}),
    "librenms": ("librenms", {"devices.json": json.dumps(LIBRENMS)}),
    "netbox": ("netbox", {"devices.json": json.dumps(NETBOX)}),
    "netbox-csv": (
        "netbox",
        {"devices.csv": "name,role,site,device_type,primary_ip4,status,login_password\n"
         f"sw01,Access,lib,C9300,10.1.0.11/24,active,{SECRET}\nsw02,Access,lib,C9300,10.1.0.12/24,active,\n"
         "core-1,Core,lib,C9300,10.1.0.1/24,offline,\n"},
    ),
}  # fmt: skip
HOSTILE = {
    "nothing": b"",
    "nul": b"sw01\0:ios\n",
    "binary": bytes(range(256)) * 8,
    "deep yaml": b"a: " * 1 + b"[" * 5000,
    "alias bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(
        b"%c: &%c [%s]\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 9)) for n in range(97, 110)
    ),
    "deep json": b'{"devices": ' + b"[" * 100_000,
    "half json": b'{"results": [{"name": "x"',
    "no list": b'{"results": {"a": 1}}',
    "formula": b"name,ip\n=1+1,=2+2\n",
    "tags": b"!!python/object/apply:os.system ['true']\n",
}


def importer(name: str) -> Importer:
    return IMPORTERS.get(name)()


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Draft:
    """What each importer makes of the same three devices."""
    name, files = SAMPLES[request.param]
    for file, text in files.items():
        (tmp_path / file).write_bytes(text.encode("gbk" if "gbk" in request.param else "utf-8"))
    return importer(name).read(tmp_path / next(iter(files)), Wishes())


def test_the_three_devices_come_out_with_their_addresses(sample: Draft) -> None:
    assert not sample.mistakes
    assert set(sample.devices) == {"sw01", "sw02", "core-1"}
    hosts = {entry.get("host", name) for name, entry in sample.devices.items()}
    assert hosts >= {"10.1.0.11", "10.1.0.1"} or hosts == {"sw01", "sw02", "core-1"}
    assert set(sample.origins) == set(sample.devices)


def test_no_password_is_copied_and_every_place_of_one_is_told(sample: Draft) -> None:
    assert SECRET not in json.dumps([sample.devices, sample.groups, sample.defaults])
    assert SECRET not in json.dumps([sample.secrets, sample.notes])


def test_places_of_passwords_are_told_where_there_are_some(tmp_path: Path) -> None:
    for name, files in SAMPLES.values():
        for file, text in files.items():
            (tmp_path / file).write_text(text)
        found = importer(name).read(tmp_path / next(iter(files)), Wishes())
        assert found.secrets or "login_password" in str(files)


def test_the_proposal_is_an_inventory_that_loads(sample: Draft, tmp_path: Path) -> None:
    target = tmp_path / "inventory.yaml"
    proposal = propose(sample, [], None)
    target.write_text(proposal.after)
    devices = load_devices(["inventory.yaml"], directory=tmp_path)
    assert [device.name for device in devices] == ["core-1", "sw01", "sw02"]
    again = propose(sample, devices, target)
    assert again.fate("same") == list(sample.devices)
    assert again.after == again.before


@pytest.mark.parametrize("name", sorted(IMPORTERS.built_in))
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_end_in_a_clear_error(name: str, kind: str, tmp_path: Path) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_bytes(HOSTILE[kind])
    with suppress(NetopsError):
        draft = importer(name).read(file, Wishes())
        assert draft.mistakes or not draft.devices or _is_harmless(draft)


def _is_harmless(draft: Draft) -> bool:
    entries = {"devices": draft.devices, "groups": draft.groups}
    _, wrong = checked(
        InventoryFile, entries, Document(Path("x"), "x", entries, lambda: (entries, {}))
    )
    return not wrong


@pytest.mark.parametrize("name", sorted(IMPORTERS.built_in))
def test_every_importer_says_what_it_reads(name: str) -> None:
    assert importer(name).traits.about
