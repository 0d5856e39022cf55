import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.media.addresses import reachable


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.1", "192.0.2.1",
        "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1",
        "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "fe80::1%eth0",
    ],
)  # fmt: skip
def test_out_of_reach(address: str) -> None:
    """Every special range is out of reach, in disguise too, unless it is allowed."""
    one = ipaddress.ip_address(address)
    assert not reachable(one)
    plain = ipaddress.IPv6Address(str(one).partition("%")[0]).ipv4_mapped if one.version == 6 else None
    network = ipaddress.ip_network(str(plain or str(one).partition("%")[0]))
    assert reachable(one, [network])


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"]
)
def test_within_reach(address: str) -> None:
    """Public addresses are within reach."""
    assert reachable(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_mapping_changes_nothing(address: ipaddress.IPv4Address) -> None:
    """An IPv4 address written as IPv6 is judged as what it is."""
    assert reachable(ipaddress.IPv6Address(f"::ffff:{address}")) == reachable(address)
