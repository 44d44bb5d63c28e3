"""Nothing is reached but what is public, by the address that was looked at; and nothing lasts or grows for ever."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from merchants.notices.safely import LARGEST, Answer, Error, NoAnswer, post
from tests.merchants.notices.test_addresses import BAD

PUBLIC = "93.184.215.14"
#: What a name may turn out to stand for. None of it may be connected to.
PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.1.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "172.20.0.1",
    "192.0.0.192",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.251",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%lo",
    "ff02::1",
]


def places(*addresses):
    """What a resolver says: these addresses."""
    return [
        (
            socket.AF_INET6 if ":" in address else socket.AF_INET,
            socket.SOCK_STREAM,
            socket.IPPROTO_TCP,
            "",
            (address, 443, 0, 0) if ":" in address else (address, 443),
        )
        for address in addresses
    ]


@pytest.fixture
def connections(monkeypatch):
    """Where a connection was attempted; none is let through."""
    attempted = []

    def connect(_, address):
        attempted.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return attempted


def send(url, **changes):
    return post(url, body=b"{}", headers={"webhook-id": "evt_1"}, **changes)


@pytest.mark.parametrize("url", BAD)
def test_no_connection_is_opened_to_a_url_that_is_not_taken(url, connections):
    assert send(url) == NoAnswer(Error.ADDRESS_NOT_ALLOWED)
    assert connections == []


@pytest.mark.parametrize("address", PRIVATE)
def test_no_connection_is_opened_when_the_name_stands_for_what_is_not_public(address, connections):
    outcome = send("https://shop.example/", resolve=lambda *_: places(address))

    assert outcome == NoAnswer(Error.ADDRESS_NOT_ALLOWED)
    assert connections == []


@pytest.mark.parametrize("answers", [[PUBLIC, "10.0.0.1"], ["::1", PUBLIC], [PUBLIC] * 8 + ["::1"]])
def test_one_address_that_is_not_public_spoils_them_all(answers, connections):
    outcome = send("https://shop.example/", resolve=lambda *_: places(*answers))

    assert outcome == NoAnswer(Error.ADDRESS_NOT_ALLOWED)
    assert connections == []


def test_a_name_that_changes_its_mind_is_asked_once_and_not_believed_twice(connections):
    asked = []

    def rebinding(host, port):
        asked.append((host, port))
        return places(PUBLIC if len(asked) == 1 else "127.0.0.1")

    assert send("https://shop.example/", resolve=rebinding) == NoAnswer(Error.CONNECTION_FAILED)
    assert asked == [("shop.example", 443)]
    assert connections == [PUBLIC]  # By the address that was looked at.


def test_addresses_are_tried_in_turn_and_not_without_end(connections):
    many = [f"93.184.215.{last}" for last in range(1, 20)]
    outcome = send("https://shop.example/", resolve=lambda *_: places(*many))

    assert outcome == NoAnswer(Error.CONNECTION_FAILED)
    assert connections == many[:4]


def test_a_proxy_of_the_environment_is_not_used(connections, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    send("https://shop.example/", resolve=lambda *_: places(PUBLIC))

    assert connections == [PUBLIC]


@pytest.mark.parametrize("fails", [OSError, socket.gaierror, UnicodeError])
def test_a_name_that_stands_for_nothing_is_told_so(fails, connections):
    def resolver(*_):
        raise fails

    assert send("https://shop.example/", resolve=resolver) == NoAnswer(Error.NAME_NOT_RESOLVED)


def test_a_name_server_that_never_answers_holds_us_no_longer_than_anything_else(connections):
    release = threading.Event()
    began = time.monotonic()
    outcome = send("https://shop.example/", resolve=lambda *_: [release.wait(5)][1:], deadline=0.2)
    took = time.monotonic() - began
    release.set()

    assert outcome == NoAnswer(Error.TIMED_OUT)
    assert took < 2


# ----------------------------------------------------------------------------------- what answers


@pytest.fixture
def answering():
    """answering(work): a server on this machine that does `work` with each connection; its URL, and how many came."""
    servers = []

    def build(work, *, wrap=lambda line: line):
        listening = socket.create_server(("127.0.0.1", 0))
        came = []

        def serve():
            while True:
                try:
                    line, _ = listening.accept()
                except OSError:
                    return
                came.append(line)
                threading.Thread(target=one, args=(line,), daemon=True).start()

        def one(line):
            try:
                with wrap(line) as secured:
                    work(secured)
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        servers.append(listening)
        return f"http://127.0.0.1:{listening.getsockname()[1]}/hook", came

    yield build
    for server in servers:
        server.close()


def requested(line):
    """All of a request; a server that closes with some of it unread resets the connection."""
    data = b""
    while not data.endswith(b"\r\n\r\n{}"):
        piece = line.recv(65536)
        if not piece:
            raise ConnectionResetError
        data += piece
    return data


def saying(*pieces, pause=0.0):
    """Reads the request, then says these pieces one after the other."""

    def work(line):
        requested(line)
        for piece in pieces:
            line.sendall(piece)
            time.sleep(pause)

    return work


def test_what_arrives_is_one_post_to_the_name_with_our_headers(answering):
    received = []

    def work(line):
        received.append(requested(line))
        line.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    url, came = answering(work)
    port = url.split(":")[2].split("/")[0]
    outcome = send(f"http://localhost:{port}/hook?a=1", may_go_private=True)

    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.body) == (204, b"")
    head = received[0].decode().split("\r\n")
    assert head[0] == "POST /hook?a=1 HTTP/1.1"
    assert f"Host: localhost:{port}" in head
    assert {"webhook-id: evt_1", "Content-Length: 2", "Connection: close"} <= set(head)
    assert len(came) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_metadata_is_an_answer_and_not_followed(answering, status):
    inside, reached = answering(saying(b"HTTP/1.1 200 OK\r\n\r\nsecret"))
    url, came = answering(
        saying(
            f"HTTP/1.1 {status} Moved\r\nLocation: {inside}\r\nContent-Length: 0\r\n\r\n".encode()
        )
    )
    outcome = send(url, may_go_private=True)

    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.headers["location"]) == (status, inside)
    assert (len(came), reached) == (1, [])


def test_an_answer_of_any_size_is_read_so_far(answering):
    read_on = []

    def work(line):
        requested(line)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            for _ in range(1000):
                line.sendall(b"x" * 65536)
        except OSError:
            read_on.append("no")

    url, _ = answering(work)
    outcome = send(url, may_go_private=True)

    assert isinstance(outcome, Answer)
    assert outcome.status == 200
    assert 0 < len(outcome.body) <= LARGEST
    time.sleep(0.3)
    assert read_on == ["no"]


def test_headers_without_end_are_no_answer(answering):
    url, _ = answering(
        saying(b"HTTP/1.1 200 OK\r\n", *[b"x-more: " + b"y" * 60_000 + b"\r\n"] * 90)
    )

    assert send(url, may_go_private=True) == NoAnswer(Error.ANSWER_NOT_UNDERSTOOD)


def lasts(work):
    began = time.monotonic()
    return work(), time.monotonic() - began


@pytest.mark.parametrize(
    "pieces",
    [
        [b""] * 100,  # Nothing at all.
        [b"H", b"T", b"T", b"P", b"/", b"1", b".", b"1", b" "] + [b"2"] * 100,
        [b"HTTP/1.1 200 OK\r\n", *[b"x-a: b\r\n"] * 100],
        [b"HTTP/1.1 100 Continue\r\n\r\n"] * 100,
    ],
    ids=["silence", "dripping status", "dripping headers", "continue for ever"],
)
def test_an_answer_that_drips_is_over_when_the_time_is(answering, pieces):
    url, _ = answering(saying(*pieces, pause=0.1))
    outcome, took = lasts(lambda: send(url, may_go_private=True, deadline=0.5))

    assert outcome == NoAnswer(Error.TIMED_OUT)
    assert 0.4 < took < 2


def test_a_body_that_drips_is_cut_and_the_answer_counts(answering):
    url, _ = answering(
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", *[b"z"] * 99, pause=0.1)
    )
    outcome, took = lasts(lambda: send(url, may_go_private=True, deadline=0.5))

    assert isinstance(outcome, Answer)
    assert (outcome.status, set(outcome.body)) == (200, set(b"z"))
    assert took < 2


def test_whoever_does_not_read_what_we_send_holds_us_no_longer(answering):
    url, _ = answering(lambda line: time.sleep(5))
    body = b"x" * 20_000_000
    outcome, took = lasts(
        lambda: post(url, body=body, headers={}, may_go_private=True, deadline=0.5)
    )

    assert outcome == NoAnswer(Error.TIMED_OUT)
    assert took < 2


@pytest.mark.parametrize(
    "reply",
    [b"", b"hello", b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-OpenSSH_9\r\n", b"+OK\r\n", b"\0" * 100],
)
def test_what_is_not_http_is_no_answer(answering, reply):
    url, _ = answering(saying(reply))

    assert send(url, may_go_private=True) == NoAnswer(Error.ANSWER_NOT_UNDERSTOOD)


@pytest.mark.parametrize(
    "body",
    [b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\nhello", b"Content-Length: 500\r\n\r\nhello"],
)
def test_a_status_counts_though_its_body_is_broken(answering, body):
    url, _ = answering(saying(b"HTTP/1.1 200 OK\r\n" + body))
    outcome = send(url, may_go_private=True)

    assert isinstance(outcome, Answer)
    assert outcome.status == 200


def test_a_chunked_answer_is_read(answering):
    url, _ = answering(
        saying(
            b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"2\r\nno\r\n",
            b"1\r\n!\r\n0\r\n\r\n",
        )
    )
    outcome = send(url, may_go_private=True)

    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.body) == (500, b"no!")


def test_nobody_there_is_told_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    outcome, took = lasts(lambda: send(f"http://127.0.0.1:{port}/", may_go_private=True))

    assert outcome == NoAnswer(Error.CONNECTION_FAILED)
    assert took < 1


# ---------------------------------------------------------------------------------------------- TLS


def certified(tmp_path, *names):
    """A server's context and a client's that trusts it, for these names."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop")])
    today = datetime.datetime.now(datetime.UTC)
    alternatives = [
        x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        for name in names
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "shop.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


def secured(answering, server):
    """(port, names asked for) of a server that speaks TLS."""
    names = []
    server.sni_callback = lambda line, name, context: names.append(name)
    url, _ = answering(
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        wrap=lambda line: server.wrap_socket(line, server_side=True),
    )
    return int(url.split(":")[2].split("/")[0]), names


def test_the_name_is_proved_whatever_address_it_was(answering, tmp_path):
    server, client = certified(tmp_path, "shop.example")
    port, names = secured(answering, server)
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    outcome = send(
        f"https://shop.example:{port}/",
        may_go_private=True,
        resolve=lambda *_: here,
        tls=client,
    )

    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.body) == (200, b"ok")
    assert names == ["shop.example"]


def test_an_address_is_proved_as_well(answering, tmp_path):
    server, client = certified(tmp_path, "127.0.0.1")
    port, _ = secured(answering, server)

    outcome = send(f"https://127.0.0.1:{port}/", may_go_private=True, tls=client)
    assert isinstance(outcome, Answer)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_of_another_or_of_nobody_is_refused(answering, tmp_path, trusted):
    server, client = certified(tmp_path, "another.example" if trusted else "shop.example")
    port, _ = secured(answering, server)
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    outcome = send(
        f"https://shop.example:{port}/",
        may_go_private=True,
        resolve=lambda *_: here,
        tls=client if trusted else None,
    )

    assert outcome == NoAnswer(Error.TLS_FAILED)


def test_a_handshake_that_never_ends_ends(answering):
    url, _ = answering(lambda line: time.sleep(5))
    outcome, took = lasts(
        lambda: send(url.replace("http:", "https:"), may_go_private=True, deadline=0.5)
    )

    assert outcome == NoAnswer(Error.TIMED_OUT)
    assert took < 2


def test_what_speaks_no_tls_is_refused(answering):
    url, _ = answering(lambda line: line.sendall(b"HTTP/1.1 200 OK\r\n\r\n"))

    outcome = send(url.replace("http:", "https:"), may_go_private=True)
    assert outcome == NoAnswer(Error.TLS_FAILED)
