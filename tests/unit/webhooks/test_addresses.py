"""Webhooks go to the internet, over https, and nowhere else unless a setting says so."""

import pytest

from write_side.webhooks.addresses import BrokenUrl, ForbiddenAddress, Reach, check_url

NOWHERE_ELSE = Reach.of("")

PRIVATE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254",  # metadata of most clouds
    "100.100.100.200", "100.64.0.1",  # of another, and carriers' own
    "192.0.0.192", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "fec0::1",
    "2001::1", "3fff::1", "4000::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",  # IPv4 within IPv6
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_asked(address: str) -> None:
    assert not NOWHERE_ELSE.allows(address, secure=True)
    assert not NOWHERE_ELSE.allows(address, secure=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_asked_over_https_alone(address: str) -> None:
    assert NOWHERE_ELSE.allows(address, secure=True)
    assert not NOWHERE_ELSE.allows(address, secure=False)


def test_a_setting_opens_a_network_and_no_more_than_that() -> None:
    reach = Reach.of("127.0.0.0/8, fd12::/16")
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "fd12::1"):
        assert reach.allows(address, secure=False)
    for address in ("10.0.0.1", "::1", "fd13::1", "169.254.169.254", "1.1.1.1"):
        assert not reach.allows(address, secure=False)
    with pytest.raises(ValueError, match="nonsense"):
        Reach.of("nonsense")


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "ftp://erp.example/", "file:///etc/passwd", "javascript:alert(1)", "//erp.example/", "https://",
        "https:///x", "https://user:password@erp.example/", "https://user@erp.example/", "https://erp.example/#part",
        "https://erp.example:0/", "https://erp.example:99999/", "https://[::1/", "https://erp.example/\r\nX: y",
        "https://erp.example/ x", "https://erp.example\\@evil.example/", "https://exämple.de/",
        "https://erp.example/" + "x" * 2000, "http://erp.example/",
    ],
)  # fmt: skip
def test_what_is_no_address_for_webhooks_is_refused(url: str) -> None:
    with pytest.raises(BrokenUrl):
        check_url(url, NOWHERE_ELSE)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:169.254.169.254]", "192.168.0.1:8443"])
def test_a_private_address_by_number_is_refused_at_once(host: str) -> None:
    with pytest.raises(ForbiddenAddress):
        check_url(f"https://{host}/hook", NOWHERE_ELSE)


def test_an_address_of_the_internet_is_taken() -> None:
    for url in ("https://erp.example/hooks?shop=1", "https://1.1.1.1:8443/", "HTTPS://erp.example"):
        check_url(url, NOWHERE_ELSE)
    check_url("http://10.1.2.3:8000/hook", Reach.of("10.0.0.0/8"))
    with pytest.raises(ForbiddenAddress):
        check_url("http://10.1.2.3:8000/hook", Reach.of("127.0.0.1/32"))
