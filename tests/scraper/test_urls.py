"""Addresses: reliability.md B22 and D1-D17, portals.md sections 1-6."""

import re
import unicodedata
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.urls import BadAddress, canonical, host, join, key, postback, record_id, trap

quick = settings(max_examples=150)
BASE = "https://snv.example.vn/portal/Pages/tin.aspx?x=1#top"


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("a.aspx", "https://snv.example.vn/portal/Pages/a.aspx"),
        ("./a.aspx", "https://snv.example.vn/portal/Pages/a.aspx"),
        ("../a.aspx", "https://snv.example.vn/portal/a.aspx"),
        ("../../../../a.aspx", "https://snv.example.vn/a.aspx"),
        ("..", "https://snv.example.vn/portal/"),
        (".", "https://snv.example.vn/portal/Pages/"),
        ("%2E%2e/a", "https://snv.example.vn/portal/a"),
        ("/a/../b/./c/", "https://snv.example.vn/b/c/"),
        ("?PageIndex=2", "https://snv.example.vn/portal/Pages/tin.aspx?PageIndex=2"),
        ("?/slug/12", "https://snv.example.vn/portal/Pages/tin.aspx?/slug/12"),
        ("?", "https://snv.example.vn/portal/Pages/tin.aspx"),
        ("a?../b", "https://snv.example.vn/portal/Pages/a?../b"),
        ("a#b", "https://snv.example.vn/portal/Pages/a"),
        ("//cdn.example.vn/a", "https://cdn.example.vn/a"),
        ("///cdn.example.vn/a", "https://cdn.example.vn/a"),
        ("\\\\cdn.example.vn\\a", "https://cdn.example.vn/a"),
        ("\\a\\b?c\\d", "https://snv.example.vn/a/b?c\\d"),
        (" \n/tin\t-tuc\r\n/a \x00", "https://snv.example.vn/tin-tuc/a"),
        ("http://B.example.vn", "http://b.example.vn/"),
        ("HTTPS://b.example.vn:443/A", "https://b.example.vn/A"),
        ("http:/b.example.vn/a", "http://b.example.vn/a"),
        ("http:b.example.vn/a", "http://b.example.vn/a"),
        ("https:a", "https://snv.example.vn/portal/Pages/a"),
        ("http://me:secret@b.example.vn/a", "http://b.example.vn/a"),
        ("/Phá c (1).pdf", "https://snv.example.vn/Ph%C3%A1%20c%20(1).pdf"),
        ("/a%20b%2f%C3%A1", "https://snv.example.vn/a%20b%2f%C3%A1"),
        ("/e\u0302", "https://snv.example.vn/e%CC%82"),  # as the server has it; canonical makes it NFC
        ("/a?q=đất đai", "https://snv.example.vn/a?q=%C4%91%E1%BA%A5t%20%C4%91ai"),
        ("/\ud800", "https://snv.example.vn/%EF%BF%BD"),
        ("http://việt.example.vn/", "http://xn--vit-jz5a.example.vn/"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("tin:2", None),
        ("", None),
        ("  ", None),
        ("#", None),
        ("#muc-2", None),
        ("javascript:void(0)", None),
        ("JavaScript:void(0)", None),
        ("java\nscript:void(0)", None),
        ("mailto:a@example.vn", None),
        ("tel:0237", None),
        ("data:text/html,a", None),
        ("file:///etc/passwd", None),
        ("ftp://example.vn/a", None),
        ("C:\\tin.doc", None),
        ("http://", None),
        ("https:///", None),
        ("http://a b/", None),
        ("http://[::1/", None),
        ("http://example.vn:99999/", None),
        ("http://example.vn:8o/", None),
        ("//", None),
    ],
)
def test_join(href, expected):
    if href == "http://việt.example.vn/":
        expected = "http://" + "việt.example.vn".encode("idna").decode() + "/"
    assert join(BASE, href) == expected


def test_join_on_odd_bases():
    assert join("https://example.vn", "a") == "https://example.vn/a"
    assert join(" https://example.vn\\tin\\ ", "a") == "https://example.vn/tin/a"
    assert join("about:blank", "a") is None
    assert join("", "https://example.vn/a") == "https://example.vn/a"
    assert join("mailto:x", "//example.vn/a") is None


@quick
@given(
    st.lists(st.sampled_from(["a", "b", ".", "..", "c.html", "d-1"]), max_size=6).map("/".join),
    st.sampled_from(["", "/"]),
    st.sampled_from(["", "?a=1", "?b"]),
)
def test_join_agrees_with_the_standard_library(path, lead, query):
    href = lead + path + query
    if href and "//" not in href:
        assert join("https://example.vn/x/y/z?q=1", href) == urljoin("https://example.vn/x/y/z?q=1", href)


ONE_PAGE = "http://example.vn/tin-tuc/%E1%BA%BF?a=1&b=2"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.vn/tin-tuc/%E1%BA%BF?b=2&a=1",  # D1
        "HTTP://EXAMPLE.vn/tin-tuc/%E1%BA%BF?a=1&b=2",
        "http://example.vn/t%69n%2Dtuc/%E1%BA%BF?%61=1&b=%32",
        "http://example.vn/./x/../tin-tuc/%E1%BA%BF?a=1&b=2#muc",
        "http://example.vn/x/%2e%2E/tin-tuc/%E1%BA%BF?a=1&b=2",
        "http://example.vn:80/tin-tuc/%E1%BA%BF?a=1&b=2",  # D2
        "http://example.vn.:0080/tin-tuc/%E1%BA%BF?a=1&b=2",
        "http://example.vn:/tin-tuc/%E1%BA%BF?a=1&b=2",
        "http://example.vn//tin-tuc///%E1%BA%BF/?a=1&b=2",  # D3
        "http:\\\\example.vn\\tin-tuc\\%E1%BA%BF?a=1&b=2",
        "http://example.vn/tin-tuc/%E1%BA%BF;jsessionid=0A1B.node1?a=1&b=2",  # D5
        "http://example.vn/tin-tuc;JSESSIONID=0A1B/%E1%BA%BF?a=1&b=2",
        "http://example.vn/(S(lit3py55t21z5v55vlm25s55))/tin-tuc/%E1%BA%BF?a=1&b=2",
        "http://example.vn/%28A(x)F(y)%29/tin-tuc/%E1%BA%BF?a=1&b=2",
        "http://example.vn/tin-tuc/%E1%BA%BF?a=1&PHPSESSID=12&b=2&ASPSESSIONIDQQ=1&jsessionid=3",
        "http://example.vn/tin-tuc/%E1%BA%BF?utm_source=zalo&a=1&UTM_medium=x&b=2&fbclid=1&gclid=2&zarsrc=31",  # D6
        "http://example.vn/tin-tuc/%E1%BA%BF?_=1690000000&a=1&b=2&p_auth=Ab&zalo_id=1",
        "http://example.vn/tin-tuc/%E1%BA%BF?a=1&b=2&p_p_state=pop_up&p_p_state_rcv=1",
        "http://example.vn/tin-tuc/%E1%BA%BF?a=1&b=2&redirect=%2Fx&_101_redirect=y&saveLastPath=0",
        "http://example.vn/tin-tuc/%e1%ba%bf?a=1&b=2",  # D8
        "http://example.vn/tin-tuc/ế?a=1&b=2",
        "http://example.vn/tin-tuc/e\u0302\u0301?a=1&b=2",
        "http://example.vn/tin-tuc/e%CC%82%CC%81?a=1&b=2",
        "http://example.vn/tin-tuc/ê%CC%81?a=1&b=2",
        "http://me:secret@example.vn/tin-tuc/%E1%BA%BF?a=1&b=2",
        "http://example.vn/tin-tuc/%E1%BA%BF?&a=1&&b=2&",
        " http://example.vn/tin-tuc/%E1%BA%BF?a=1&b=2 ",
    ],
)
def test_addresses_of_one_page(url):
    assert canonical(url) == ONE_PAGE


@pytest.mark.parametrize(
    "url",
    [
        "http://example.vn/",
        "http://example.vn/tin-tuc",
        "https://example.vn:8443/a",
        "https://example.vn/Tin-Tuc",
        "https://example.vn/a%2Fb",
        "https://example.vn/a%3Fb?c=%26%3D%23%2B+d",
        "https://example.vn/%FF%00%25",
        "https://example.vn/a;v=1/b",
        "https://example.vn/106dffe2c1f733dd1%20(1).jpg",
        "https://example.vn/chi-tiet-tin?/ten-bai-viet/12345",
        "https://example.vn/a?b&a",
        "https://example.vn/a?cur=2&delta=10",
        "https://example.vn/a?PageIndex=2&page=3&sid=1",
        "https://example.vn/a?a=2&a=1",
        "https://example.vn/a?a=&b",
        "https://example.vn/?url=https://a.vn/b?c",
        "https://example.vn/(Ban-hanh)/a",
        "https://[2001:db8::1]/a",
        "https://xn--vit-5kz.vn/a",
    ],
)
def test_what_is_kept(url):
    assert canonical(url) == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://example.vn", "http://example.vn/"),
        ("http://example.vn?a=1", "http://example.vn/?a=1"),
        ("http://example.vn/?", "http://example.vn/"),
        ("http://example.vn/?fbclid=1", "http://example.vn/"),
        ("http://example.vn/../..", "http://example.vn/"),
        ("http://example.vn/a//../b", "http://example.vn/a/b"),
        ("http://example.vn/a/..;jsessionid=1", "http://example.vn/"),
        ("http://example.vn/100%/a b|c", "http://example.vn/100%25/a%20b%7Cc"),
        ("http://example.vn/x?/bai/12&fbclid=1", "http://example.vn/x?/bai/12"),
        ("http://example.vn/x?b&a&fbclid=1", "http://example.vn/x?b&a"),
        ("https://VIỆT.vn/", "https://" + "việt.vn".encode("idna").decode() + "/"),
        ("https://Vie\u0323\u0302t.vn/", "https://" + "việt.vn".encode("idna").decode() + "/"),
        ("https://[2001:DB8:0::1]:443/", "https://[2001:db8::1]/"),
        ("http://example.vn:443/", "http://example.vn:443/"),
    ],
)
def test_canonical(url, expected):
    assert canonical(url) == expected


def test_folding_the_case_of_paths():  # D7
    one = canonical("https://example.vn/portal/Pages/%C4%90%E1%BA%A4T%2Fa?ItemID=1", fold_case=True)
    assert one == "https://example.vn/portal/pages/%C4%91%E1%BA%A5t%2Fa?ItemID=1"
    assert canonical("https://example.vn/PORTAL/pages/ĐẤT%2fA?ItemID=1", fold_case=True) == one
    assert canonical("https://example.vn/portal/Pages", fold_case=True) == "https://example.vn/portal/pages"
    assert canonical("https://example.vn/portal/Pages") != canonical("https://example.vn/portal/pages")


def test_dropping_named_parameters():
    assert canonical("https://example.vn/a?b=1&Token=2&tokens=3", drop={"token"}) == "https://example.vn/a?b=1&tokens=3"
    assert canonical("https://example.vn/a?token=2", drop=["TOKEN"]) == "https://example.vn/a"


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("", "not an http address"),
        ("/tin", "not an http address"),
        ("ftp://example.vn/", "not an http address"),
        ("javascript:alert(1)", "not an http address"),
        ("http:example.vn", "not an http address"),
        ("http://", "no host"),
        ("http:///a", "no host"),
        ("http://me@/", "no host"),
        ("http://./", "bad host"),
        ("http://a..b/", "bad host"),
        ("http://a b/", "bad host"),
        ("http://a%2eb/", "bad host"),
        ("http://[::1/", "bad host"),
        ("http://[x]/", "bad host"),
        ("http://" + "a" * 64 + ".vn/", "bad host"),
        ("http://" + "ă" * 64 + ".vn/", "bad host"),
        ("http://" + "a." * 130 + "vn/", "bad host"),
        ("http://example.vn:0/", "bad port"),
        ("http://example.vn:65536/", "bad port"),
        ("http://example.vn:x/", "bad port"),
        ("http://example.vn:٨٠/", "bad port"),
        ("http://example.vn/\x00", "control characters"),
        ("http://example.vn/a\nb", "control characters"),
        ("http://example.vn/\x85", "control characters"),
        ("http://example.vn/\udc41", "control characters"),
        ("http://example.vn/" + "a" * 10_000, "10,018 characters"),
        ("http://example.vn/" + "ế" * 1_000, "9,018 characters"),
    ],
)
def test_bad_addresses(url, wrong):
    with pytest.raises(BadAddress, match=wrong) as caught:
        canonical(url)
    assert len(str(caught.value)) < 1000
    assert isinstance(caught.value, ValueError)


def test_longest_address():
    assert len(canonical("http://example.vn/" + "a" * 1982)) == 2000


letters = st.sampled_from("abzAZ09-_~.!'()*;=:@$,+%đĐếẾe\u0302\u0301ßİKΣς ͅ\u037e[]|\\^\"<>`{}\ufffd\U0001f600")
segments = st.one_of(
    st.text(letters, max_size=8),
    st.sampled_from(
        [
            *("", ".", "..", "%2e", "%2E.", "(S(a))", "(a(x)F(y))", ";jsessionid=1", "..;jsessionid=2"),
            *("%2f", "%41", "%c3%a1", "%e1%ba", "%ff", "%zz", "%%41", "%25", "%250a", "%3f", "%2A\u0301"),
        ]
    ),
)
fields = st.one_of(
    segments,
    st.tuples(st.sampled_from(["a", "b", "B", "utm_x", "_", "_1_redirect", "cur", "ế", "%61", ""]), segments).map(
        "=".join
    ),
)
addresses = st.builds(
    "{}://{}{}/{}?{}".format,
    st.sampled_from(["http", "HTTPS"]),
    st.sampled_from(["example.vn", "WWW.Example.vn.", "việt.vn", "me@example.vn"]),
    st.sampled_from(["", ":80", ":443", ":8080"]),
    st.lists(segments, max_size=6).map("/".join),
    st.lists(fields, max_size=5).map("&".join),
)


@settings(max_examples=500)
@given(addresses, st.booleans())
def test_canonical_once_is_enough(url, fold_case):
    one = canonical(url, fold_case=fold_case)
    assert canonical(one, fold_case=fold_case) == one
    assert canonical(unicodedata.normalize("NFD", url), fold_case=fold_case) == one
    assert re.fullmatch(r"(?:%[0-9A-F]{2}|[!-$&-;=?-Z_a-z~])+", one)
    assert "//" not in urlsplit(one).path
    assert not re.search("jsessionid=|utm_|#", one.partition("?")[0] + "?" + one.partition("?")[2].lower())


plain = st.text(st.sampled_from("abcXYZ019-_đĐếÁ"), min_size=1, max_size=6)


@quick
@given(
    st.lists(plain, min_size=1, max_size=4),
    st.lists(st.tuples(plain.map("p".__add__), plain), min_size=1, max_size=4, unique_by=lambda field: field[0]),
    st.randoms(use_true_random=False),
)
def test_variations_share_the_key(path, query, random):
    def written(text):
        text = unicodedata.normalize(random.choice(["NFC", "NFD"]), text)
        return random.choice([str, quote, lambda t: "".join(f"%{b:02x}" for b in t.encode())])(text)

    def address():
        random.shuffle(query)
        parameters = [f"{written(name)}={written(value)}" for name, value in query]
        parameters.insert(random.randrange(len(parameters) + 1), random.choice(["utm_source=a", "p_auth=b", "_=1"]))
        scheme, port = random.choice([("http", ":80"), ("https", ":443")])
        return (
            f"{scheme}://{random.choice(['www.', '', 'WWW.'])}example.VN{random.choice(['', '.'])}"
            f"{random.choice(['', port])}/{random.choice(['/', '//', '/./', '/x/../']).join(map(written, ['', *path]))}"
            f"{random.choice(['', '/', ';jsessionid=1'])}?{'&'.join(parameters)}{random.choice(['', '#a'])}"
        )

    one = canonical(address())
    assert key(canonical(address())) == key(one)
    # and nothing of the page is lost
    assert unquote(urlsplit(one).path) == "/" + "/".join(path)
    assert sorted(parse_qsl(urlsplit(one).query)) == sorted(query)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.example.vn/tin?id=1", "example.vn/tin?id=1"),
        ("http://example.vn/tin?id=1", "example.vn/tin?id=1"),
        ("http://example.vn:8080/", "example.vn:8080/"),
        ("http://www2.example.vn/", "www2.example.vn/"),
        ("http://www.vn/", "www.vn/"),
        ("http://a.vn/http://www.b.vn", "a.vn/http://www.b.vn"),
    ],
)
def test_key(url, expected):
    assert key(url) == expected


def test_record_id():
    assert record_id("example.vn/tin?id=1") == "d55ah6vp7hy2pzku"  # stored: it must never change
    assert record_id("đ") != record_id("d")
    assert record_id("") == "4oymiquy7qobjgx3"


@quick
@given(st.text(st.characters(), max_size=40))
def test_record_ids_are_names(name):
    assert re.fullmatch("[a-z2-7]{16}", record_id(name))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://SNV.Example.vn.:443/portal", "snv.example.vn"),
        ("http://example.vn:443", "example.vn:443"),
        ("http://me:pw@example.vn:8080?x", "example.vn:8080"),
        ("https://việt.vn/", "việt.vn".encode("idna").decode()),
        ("mailto:a@example.vn", ""),
        ("/tin", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_host(url, expected):
    assert host(url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://example.vn/en/vi/en/vi/en", "segment 'en' repeated 3 times"),
        ("https://example.vn/EN/vi/en/x/En?x", "segment 'en' repeated 3 times"),
        ("/a/b/a/b/a/b", "segment 'a' repeated 3 times"),
        ("https://example.vn/a/123/b/123/c/123", "segment '123' repeated 3 times"),
        ("https://example.vn/" + "/".join(map(str, range(21))), "path depth 21 > 20"),
        ("https://example.vn/../../..", "segment '..' repeated 3 times"),
        ("https://example.vn/" + "a" * 9_981, "address of 10,000 characters"),
        ("https://example.vn/a\x01b", "control characters in the address"),
        ("https://example.vn/en/vi/en/vi", None),
        ("https://example.vn/2023/7/7/7", None),
        ("https://example.vn/" + "/".join(map(str, range(20))), None),
        ("https://example.vn/a//b///c", None),
        ("https://en/en/en", None),
        ("https://example.vn/a?b=/en/en/en/en#/en/en/en", None),
        ("https://example.vn/portal/Pages/2023-7-18/Cum-thi-dua9x8y7z.aspx", None),
        ("", None),
    ],
)
def test_trap(url, reason):
    assert trap(url) == reason


def test_limits_of_traps():
    assert trap("https://example.vn/a/b/c", max_depth=2) == "path depth 3 > 2"
    assert trap("https://example.vn/a/b/a", max_repeats=1) == "segment 'a' repeated 2 times"
    assert trap("https://example.vn/", max_length=10) == "address of 19 characters"


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("javascript:__doPostBack('a$b','Page$2')", ("a$b", "Page$2")),
        ("javascript:__doPostBack('a$b','')", ("a$b", "")),
        ('javascript:__doPostBack("a$b", "Page$2")', ("a$b", "Page$2")),
        ("javascript:__doPostBack ( 'a$b' ,\n'Page$2' )", ("a$b", "Page$2")),
        ("javascript:__doPostBack(&#39;a$b&#39;,&#39;Page$2&#39;)", ("a$b", "Page$2")),
        ("javascript:__doPostBack(&quot;a$b&quot;,&#x27;Page$2&#x27;)", ("a$b", "Page$2")),
        ("javascript:__doPostBack(%27a%24b%27,%27Page%242%27)", ("a$b", "Page$2")),
        ("JavaScript:__doPostBack('a%24b','Page$2')", ("a$b", "Page$2")),
        ("__doPostBack(%27a$b%27,%27Page$2%27)", ("a$b", "Page$2")),
        (r"javascript:setTimeout('__doPostBack(\'a$b\',\'Page$2\')', 0)", ("a$b", "Page$2")),
        ("return false; __doPostBack('100%41','x')", ("100%41", "x")),
        (r"javascript:__doPostBack('tree','sRoot\\Child')", ("tree", r"sRoot\Child")),
        (r"javascript:__doPostBack('a$b','it\'s \"x\"')", ("a$b", 'it\'s "x"')),
        (
            'javascript:WebForm_DoPostBackWithOptions(new WebForm_PostBackOptions("a$b", "", true, "", "", false))',
            ("a$b", ""),
        ),
        (
            "WebForm_DoPostBackWithOptions(new WebForm_PostBackOptions(&quot;a$b&quot;, &quot;x&quot;, true))",
            ("a$b", "x"),
        ),
        ("javascript:__doPostBack('a$b)", None),
        ("javascript:__doPostBack('a$b')", None),
        ("javascript:__doPostBack(a,b)", None),
        ("javascript:void(0)", None),
        ("/tin?x=__doPostBack", None),
        ("", None),
    ],
)
def test_postback(href, expected):
    assert postback(href) == expected


@settings(max_examples=300)
@given(
    st.one_of(
        st.text(st.characters(), max_size=40),
        st.text(st.sampled_from("htps:/?#@[]\\%.2eE&=;()'\"_aă \ud800\x00"), max_size=30),
    ),
    st.sampled_from([BASE, "", "http://", "http:", "https://example.vn"]),
)
def test_nothing_raises(text, base):
    for url in (text, "http://" + text, "http://example.vn/" + text, "javascript:__doPostBack('" + text):
        for joined in (join(base, url), join(url, "a")):
            if joined is not None:
                assert host(joined)
                assert joined.isascii()
                assert not re.search(r"[\s\x00-\x1f#]", joined)
        trap(url)
        postback(url)
        key(url)
        try:
            canonical(url)
        except BadAddress:
            continue


@pytest.mark.parametrize(
    "unit",
    [
        "../",
        "%",
        "%2e/",
        "a@",
        "[",
        ";jsessionid=",
        "(S(",
        "\\",
        "__doPostBack('a',\"",
        "__doPostBack('\\",
        "&#39",
        "./\\",
    ],
)
def test_long_input_is_no_trouble(unit):
    text = unit * 10_000
    for url in (text, "http://" + text, "http://example.vn/" + text):
        join(BASE, url)
        join(url, "a")
        trap(url)
        trap(url, max_length=10**9)
        postback(url)
        host(url)
        with pytest.raises(BadAddress):
            canonical(url)
