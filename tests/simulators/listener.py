"""An address at which a simulator's webhooks arrive, each kept as it came."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 10.0  # Seconds.


@dataclass
class Listener:
    """`statuses` are answered in turn, the last one for ever."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=lambda: [200])

    def wait(self, until: Callable[[], bool]) -> None:
        """Until it is so, or for PATIENCE: then the test goes on, and says what was missing."""
        give_up = time.monotonic() + PATIENCE
        while not until() and time.monotonic() < give_up:
            time.sleep(0.01)


@contextmanager
def listener() -> Iterator[Listener]:
    """One that listens, for as long as the block lasts."""
    ears = Listener()

    class Conversation(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ears.headers.append({name.lower(): value for name, value in self.headers.items()})
            ears.bodies.append(body)
            status = ears.statuses.pop(0) if len(ears.statuses) > 1 else ears.statuses[0]
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Conversation)
    server.daemon_threads = True
    ears.url = f"http://127.0.0.1:{server.server_address[1]}/webhooks"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield ears
    finally:
        server.shutdown()
        server.server_close()
