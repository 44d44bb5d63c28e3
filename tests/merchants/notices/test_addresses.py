"""Which URLs are taken: strictly read, public, and the same to whoever reads them."""

import pytest

from merchants.notices.addresses import LONGEST, UrlNotAllowed, is_public, read_url

GOOD = {
    "https://shop.example/hook": ("shop.example", 443, "/hook", "shop.example"),
    "https://shop.example": ("shop.example", 443, "/", "shop.example"),
    "HTTPS://Shop.Example/Hook?a=B&c=%20": ("shop.example", 443, "/Hook?a=B&c=%20", "shop.example"),
    "https://shop.example:8443/hook": ("shop.example", 8443, "/hook", "shop.example:8443"),
    "https://shop.example:443/": ("shop.example", 443, "/", "shop.example"),
    "https://xn--bcher-kva.example/": ("xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
    "https://a-b.1.shop.example/": ("a-b.1.shop.example", 443, "/", "a-b.1.shop.example"),
    "https://8.8.8.8/hook": ("8.8.8.8", 443, "/hook", "8.8.8.8"),
    "https://[2606:4700::1111]:8443/": ("2606:4700::1111", 8443, "/", "[2606:4700::1111]:8443"),
}
#: Read by somebody, somewhere, as an address that is not public, or as one of ours.
BAD = [
    # Not https, or not a URL.
    "http://shop.example/hook",
    "ftp://shop.example/hook",
    "gopher://shop.example:70/_",
    "file:///etc/passwd",
    "dict://shop.example:11211/stats",
    "javascript:alert(1)",
    "//shop.example/hook",
    "shop.example/hook",
    "https:///hook",
    "https://",
    "",
    # Read differently by different programs.
    "https://shop.example\\@127.0.0.1/",
    "https://127.0.0.1\\.shop.example/",
    "https://shop.example#@127.0.0.1/",
    "https://shop.example/hook#fragment",
    "https://user@shop.example/",
    "https://user:password@shop.example/",
    "https://shop.example:443@127.0.0.1/",
    "https://shop.example /hook",
    "https://shop.example/a b",
    "https://shop.example/\r\nX-Injected: 1",
    "https://shop.example\t/",
    "https://shop.example./",
    "https://shop..example/",
    "https://-shop.example/",
    "https://shop_.example/",
    "https://exa%6dple.example/",
    "https://%31%32%37.0.0.1/",
    # Names in another script, and digits that only look like ones.
    "https://b\u00fccher.example/",
    "https://\u2460\u2461\u2466.0.0.1/",
    "https://\uff11\uff12\uff17\uff0e\uff10\uff0e\uff10\uff0e\uff11/",
    "https://127\u30020\u30020\u30021/",
    "https://\u13a5xample.com/",
    # Ports of other services.
    "https://shop.example:22/",
    "https://shop.example:80/",
    "https://shop.example:6379/",
    "https://shop.example:5432/",
    "https://shop.example:0/",
    "https://shop.example:65536/",
    "https://shop.example:-1/",
    "https://shop.example:443x/",
    # IPv4, in all its forms.
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0x7f.0x0.0x0.0x1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.0.0.01/",
    "https://127.0.0.1.:443/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://100.64.0.1/",
    "https://100.100.100.200/",
    "https://168.63.129.16/",
    "https://169.254.169.254/latest/meta-data/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.0.0.192/",
    "https://192.0.2.1/",
    "https://192.88.99.1/",
    "https://192.168.1.1/",
    "https://198.18.0.1/",
    "https://203.0.113.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    # IPv6, and what hides in it.
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a9fe:a9fe::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[5f00::1]/",
    "https://[100::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[2606:4700::1111%25lo]/x/../[::1]",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[::1/",
    # Names that mean this machine or this network.
    "https://localhost/",
    "https://LOCALHOST/",
    "https://shop.localhost/",
    "https://metadata/",
    "https://metadata.google.internal/",
    "https://printer.local/",
]


@pytest.mark.parametrize("url", GOOD)
def test_what_is_public_is_taken_apart(url):
    target = read_url(url)

    assert (target.host, target.port, target.path, target.authority) == GOOD[url]


@pytest.mark.parametrize("url", [*BAD, f"https://shop.example/{'x' * LONGEST}"])
def test_what_might_not_be_public_is_refused_and_not_repeated(url):
    with pytest.raises(UrlNotAllowed) as error:
        read_url(url)
    assert len(url) < 12 or url not in str(error.value)


def test_the_corpus_is_large_enough_to_mean_something():
    assert len(set(BAD)) == len(BAD) >= 100


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5000/hook", "http://localhost:5000/", "https://10.0.0.1/"]
)
def test_on_a_developers_machine_anywhere_will_do(url):
    assert read_url(url, may_go_private=True)


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/", "http://u@127.0.0.1/", "http://127.1/", "http://127.0.0.1:0/", "http:///"],
)
def test_there_too_a_url_is_a_url(url):
    with pytest.raises(UrlNotAllowed):
        read_url(url, may_go_private=True)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "shop.example", "127.1", "8.8.8.8/32", "0x8.8.8.8", "::g"])
def test_what_is_no_address_is_not_public(text):
    assert not is_public(text)
