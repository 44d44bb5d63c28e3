"""Where a merchant's endpoint may be: which URLs are taken, and which addresses are anybody's but ours.

Public is an allow-list: what is not certainly somebody's address on the public Internet is refused, and an
address that hides another one (mapped, translated) is judged by the one inside. A URL is read strictly: a
host that different programs could read differently (127.1, 0x7f.1, a name in another script) is none.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

PORTS = frozenset({443, 8443})
LONGEST = 2000

_SCHEMES = {"https": 443, "http": 80}
_TEXT = re.compile(
    r"[!-~]+"
)  # Printable ASCII without a space; what else there is must be escaped.
_NAME = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)
_NUMBER = re.compile(
    r"[0-9]+|0x[0-9a-f]*"
)  # As a last label it makes an address of the name: 127.1, 0x7f.1.

_AT_HOME = frozenset({"localhost", "local", "internal"})  # Endings that no public name has.

#: The special-purpose registries of IANA, and what is public by its number alone.
_NOT_PUBLIC_4 = [
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # Behind a carrier's NAT; a cloud's metadata as well (100.100.100.200).
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own, from within any machine there.
        "169.254.0.0/16",  # Link-local, with most clouds' metadata.
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
]
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = [
    IPv6Network(text)
    for text in (
        "2001::/23",  # Protocol assignments: Teredo, ORCHID, benchmarking.
        "2001:db8::/32",
        "2002::/16",  # 6to4 hides an IPv4 address; its relays are no more.
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]
_NAT64 = IPv6Network(
    "64:ff9b::/96"
)  # How a network without IPv4 reaches it: the last 32 bits are the address.


class UrlNotAllowed(ValueError):
    """The URL is not one that we send to. The text says why, and does not repeat it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart."""

    scheme: str
    host: str  # A name in ASCII, or an address without brackets.
    port: int
    path: str  # With the query.

    @property
    def address(self) -> str | None:
        """The host, if it is an address and no name."""
        return self.host if _address(self.host) else None

    @property
    def authority(self) -> str:
        """For the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _SCHEMES[self.scheme] else f"{host}:{self.port}"


def read_url(url: str, *, may_go_private: bool = False) -> Target:
    """The URL of an endpoint, taken apart. Raises UrlNotAllowed.

    With `may_go_private` plain http, any port and any address are taken. A name is not resolved here: what it
    stands for may change, so that is looked at each time something is sent there.
    """
    if not 0 < len(url) <= LONGEST or not _TEXT.fullmatch(url):
        raise UrlNotAllowed(f"A URL has at most {LONGEST} characters of ASCII, without spaces.")
    if "\\" in url or "#" in url:
        raise UrlNotAllowed("The URL may hold neither a fragment (#) nor a backslash.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UrlNotAllowed("This is not a URL.") from None
    if parts.scheme not in (_SCHEMES if may_go_private else {"https"}):
        raise UrlNotAllowed("The URL must begin with https://.")
    if "@" in parts.netloc:
        raise UrlNotAllowed("The URL may not hold a user or a password.")
    host = _host(parts.hostname or "")
    if port is None:
        port = _SCHEMES[parts.scheme]
    if port not in PORTS and not (may_go_private and port):
        raise UrlNotAllowed(f"The port must be one of {', '.join(map(str, sorted(PORTS)))}.")
    if not may_go_private and not _may_be_public(host):
        raise UrlNotAllowed("The URL must be that of a public address.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def is_public(address: str) -> bool:
    """Is this certainly an address on the public Internet? What is no address is not."""
    found = _address(address)
    match found:
        case IPv4Address():
            return found.is_global and not any(found in network for network in _NOT_PUBLIC_4)
        case IPv6Address():
            inside = found.ipv4_mapped or (
                IPv4Address(int(found) & 0xFFFF_FFFF) if found in _NAT64 else None
            )
            if inside is not None:
                return is_public(str(inside))
            return (
                found in _GLOBAL_UNICAST
                and found.is_global
                and not any(found in network for network in _NOT_PUBLIC_6)
            )
        case None:
            return False


def _may_be_public(host: str) -> bool:
    """As far as can be told without resolving a name."""
    if _address(host):
        return is_public(host)
    return "." in host and host.rpartition(".")[2] not in _AT_HOME


def _host(host: str) -> str:
    if _address(host):
        return host
    if not _NAME.fullmatch(host) or _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise UrlNotAllowed(
            "The URL must have the name of a host, in ASCII (a name in another script as xn--…)."
        )
    return host


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Without a zone (fe80::1%eth0): what has one is reached from this network alone."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None
