"""What may be asked at all: reliability.md I1-I11."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.config import Config
from scraper.guard import inner, opted_out, refused, refused_url

LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.2.1", "198.18.0.1", "203.0.113.9", "224.0.0.1",
    "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "[::1]",
    "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::7f00:1", "::127.0.0.1",  # IPv4-compatible
    "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::1",  # 6to4
    "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo of 127.0.0.1
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::169.254.169.254",  # NAT64
    "64:ff9b:1::a00:1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "103.9.196.1", "2606:4700::1111", "2002:808:808::1", "64:ff9b::808:808", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused(address):
    why = refused(address, [])
    assert why
    assert "CONGTIN_ALLOW_NETWORKS" in why


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_not(address):
    assert refused(address, []) is None


@pytest.mark.parametrize("words", ["", "snv.thanhhoa.gov.vn", "localhost", "1.2.3", "999.1.1.1", "::g"])
def test_names_are_the_resolvers_business(words):
    assert refused(words, []) is None


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("127.200.0.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("fe80::1", False),
        ("169.254.169.254", False),
    ],
)
def test_networks_that_the_operator_opens(address, allowed):
    assert (refused(address, LOOPBACK) is None) is allowed


@pytest.mark.parametrize(
    ("address", "means"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2002:a00:1::", "10.0.0.1"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"),
        ("64:ff9b::a00:1", "10.0.0.1"),
        ("2606:4700::1111", "2606:4700::1111"),
    ],
)
def test_address_within_an_address(address, means):
    assert inner(ip_address(address)) == ip_address(means)


REFUSED_URLS = [
    ("http://127.0.0.1/", "public"),
    ("http://[::1]/", "public"),
    ("http://[::ffff:127.0.0.1]/a", "public"),
    ("https://169.254.169.254/latest/meta-data", "public"),
    ("http://user:password@10.0.0.1/", "public"),
    ("http://127.0.0.1\\@good.example.vn/", "backslash"),
    ("http://good.example.vn\\@127.0.0.1/", "backslash"),
    ("http://good.example.vn/a b", "space"),
    ("http://good.example.vn/\r\nHost: evil", "control"),
    ("http://good.example.vn/\x00", "control"),
    ("file:///etc/passwd", "http"),
    ("ftp://good.example.vn/", "http"),
    ("gopher://good.example.vn/", "http"),
    ("data:text/html,a", "http"),
    ("//good.example.vn/", "http"),
    ("http:///a", "http"),
    ("", "http"),
    ("http://good.example.vn:22/", "port 22"),
    ("http://good.example.vn:6379/", "port 6379"),
    ("https://good.example.vn:8443/", "port 8443"),
    ("http://good.example.vn:0/", "port"),
    ("http://good.example.vn:99999/", "address"),
    ("http://good.example.vn:x/", "address"),
    ("http://[::1/", "address"),
    # spellings of 127.0.0.1 that a resolver or the system's library would take (I1, I2, I4)
    ("http://2130706433/", "public"),
    ("http://0x7f000001/", "public"),
    ("http://0x7f.1/", "public"),
    ("http://0177.0.0.1/", "public"),
    ("http://127.1/", "public"),
    ("http://0/", "public"),
    ("http://127.0.0.1./", "public"),
    ("http://①②⑦.⓪.⓪.①/", "public"),
    ("http://127。0。0。1/", "public"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "why"), REFUSED_URLS)
def test_urls_that_are_refused(url, why):
    assert why in (refused_url(url, []) or "")


@pytest.mark.parametrize(
    ("url", "ports"),
    [
        ("http://snv.thanhhoa.gov.vn/portal/Pages/a.aspx?x=1", ()),
        ("https://snv.thanhhoa.gov.vn:443/", ()),
        ("https://snv.thanhhoa.gov.vn:80/", ()),
        ("http://snv.thanhhoa.gov.vn:8080/", (8080,)),
        ("HTTP://8.8.8.8/", ()),
        ("http://xn--vit-jz5a.vn/", ()),
        ("http://1.example.vn/", ()),
    ],
)
def test_urls_that_are_not(url, ports):
    assert refused_url(url, [], ports) is None


def test_opened_network_opens_its_urls_but_no_ports():
    assert refused_url("http://127.0.0.1:8899/", LOOPBACK, (8899,)) is None
    assert "port 8899" in (refused_url("http://127.0.0.1:8899/", LOOPBACK) or "")
    assert refused_url("http://127.1/", LOOPBACK) is None


def test_configured_networks_arrive_here():
    config = Config.from_environment({"CONGTIN_ALLOW_NETWORKS": "127.0.0.0/8, ::1"})
    assert refused("127.0.0.1", config.allow_networks) is None
    assert refused("::1", config.allow_networks) is None
    assert refused("10.0.0.1", config.allow_networks)


@given(st.ip_addresses(v=4))
def test_however_an_ipv4_address_is_wrapped_the_answer_is_the_same(address):
    number = int(address)
    open_to_all = refused(str(address), []) is None
    for form in [f"::ffff:{address}", str(ip_address((0x2002 << 112) | (number << 80) | 1)), f"64:ff9b::{address}"]:
        assert (refused(form, []) is None) is open_to_all, form
    for form in [str(number), hex(number), ".".join(oct(byte).replace("o", "") for byte in address.packed)]:
        assert (refused_url(f"http://{form}/", []) is None) is open_to_all, form


@pytest.mark.parametrize(
    ("url", "out"),
    [
        ("http://snv.example.vn/", True),
        ("https://WWW.Snv.Example.vn./a", True),
        ("http://example.vn/", False),
        ("http://xsnv.example.vn/", False),
        ("http://[::1]/", True),
        ("http://[snv.example.vn", False),
        ("http://other.vn/?to=http://snv.example.vn/", False),
    ],
)
def test_f16_hosts_that_opted_out(url, out):
    hosts = Config.from_environment({"CONGTIN_OPT_OUT": "www.SNV.example.vn, [::1]\nother.example"}).opt_out
    assert ("CONGTIN_OPT_OUT" in (opted_out(url, hosts) or "")) is out
    assert opted_out(url, ()) is None


@given(st.text(max_size=60))
def test_any_url_is_answered(url):
    assert opted_out(url, ["example.vn"]) is None or "example.vn" in url.lower()
    for form in (url, "http://" + url):
        why = refused_url(form, [])
        assert why is None or why
