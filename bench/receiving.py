"""Merchants' endpoints as one cheap process: `python -m bench.receiving --port N`.

    POST /hangs     is read and never answered; the connection stays open
    POST elsewhere  is answered with 200 at once, unread but for its length
    GET  /heard     how many were answered so far, and how many connections hang just now
    GET  /let-go    closes those

Requests are taken apart by hand, because an HTTP library would cost more than it measures.
"""

import argparse
import asyncio
import json
import signal

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Endpoints:
    """What all connections have in common."""

    def __init__(self) -> None:
        self.answered = 0
        self.hanging: set[asyncio.BaseTransport] = set()

    def answer(self, method: str, path: str, line: asyncio.Transport) -> None:
        """A whole request has come."""
        if method == "GET":
            if path == "/let-go":
                for hung in self.hanging:
                    hung.close()
            page = json.dumps({"answered": self.answered, "hanging": len(self.hanging)}).encode()
            line.write(OK.replace(b"Length: 0", b"Length: %d" % len(page)) + page)
            line.close()
        elif path == "/hangs":
            self.hanging.add(line)
        else:
            self.answered += 1
            line.write(OK)
            line.close()


class Line(asyncio.Protocol):
    """One connection, for one request."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._line = transport

    def connection_lost(self, _: Exception | None) -> None:
        self._endpoints.hanging.discard(self._line)

    def data_received(self, data: bytes) -> None:
        self._came += data
        if asked := whole(self._came):
            self._endpoints.answer(*asked, self._line)


def whole(came: bytes) -> tuple[str, str] | None:
    """Method and path of a request that has come to its end; None of one that has not."""
    head, end, body = came.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
    if not end or len(body) < int(length or 0):
        return None
    method, path, _ = head.decode("latin-1").split(" ", 2)
    return method, path


async def serve(port: int) -> None:
    endpoints = Endpoints()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await loop.create_server(lambda: Line(endpoints), "127.0.0.1", port, backlog=1024)
    await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
