"""A PSP that says exactly what a test tells it to say, to the byte, and remembers what it was asked.

For what no simulator of a PSP would do: half answers, broken connections, someone else's money.
"""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

DIES = b""  # The connection ends without an answer.


@dataclass
class Puppet:
    """Its `answers` are given in turn, the last one for ever."""

    url: str = ""
    answers: list[bytes] = field(default_factory=lambda: [DIES])
    pause: float = 0.0  # Seconds between two bytes of an answer.
    asked: list[bytes] = field(default_factory=list)  # Each request whole: head and body.
    connections: int = 0

    def says(self, status: int, body: str, **headers: str) -> None:
        self.answers = [reply(status, body, **headers)]


def reply(status: int, body: str, **headers: str) -> bytes:
    raw = body.encode()
    head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(raw)}"]
    head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*head, "", ""]).encode() + raw


@contextmanager
def puppet() -> Iterator[Puppet]:
    """One that listens, for as long as the block lasts."""
    strings = Puppet()

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            strings.connections += 1
            while asked := self._request():
                strings.asked.append(asked)
                said = strings.answers.pop(0) if len(strings.answers) > 1 else strings.answers[0]
                if said == DIES:
                    return
                try:
                    self._say(said)
                except OSError:  # Whoever asked has lost patience.
                    return

        def _request(self) -> bytes:
            head = b""
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                head += line
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.splitlines()
                    if line.lower().startswith(b"content-length:")
                ),
                0,
            )
            return head and head + b"\r\n" + self.rfile.read(length)

        def _say(self, said: bytes) -> None:
            if not strings.pause:
                self.wfile.write(said)
                return
            for at in range(len(said)):
                self.wfile.write(said[at : at + 1])
                time.sleep(strings.pause)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Conversation) as server:
        strings.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield strings
        finally:
            server.shutdown()


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@contextmanager
def too_busy_to_open_the_door() -> Iterator[str]:
    """An address whose queue of callers is full: the system lets no further connection be made."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        queue = [socket.socket() for _ in range(4)]
        for caller in queue:
            caller.setblocking(False)
            caller.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        for caller in queue:
            caller.close()


@contextmanager
def speaks_plainly() -> Iterator[str]:
    """An https address at which somebody answers in plain text."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            caller, _ = server.accept()
            with caller:
                caller.sendall(reply(400, "plain"))
                caller.recv(65536)

        threading.Thread(target=answer, daemon=True).start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"
