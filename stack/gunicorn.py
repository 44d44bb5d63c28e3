"""How the web server runs: in threads, since a request that waits for a PSP needs no processor."""

import os
from typing import Any

from kernel.gauging import bury

CORES = os.cpu_count() or 1

worker_class = "gthread"
workers = 1 if CORES <= 2 else CORES // 2  # The other half is PostgreSQL's and the workers'.
threads = 64
keepalive = 30
graceful_timeout = 4
accesslog = None  # The application logs what matters of a request; twice would cost more than once.
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """What the server itself has to say goes the way of all lines: as JSON, and masked."""
    worker.log.error_log.handlers = []
    worker.log.error_log.propagate = True


def child_exit(_server: Any, worker: Any) -> None:
    """What a worker had (connections) is gone with it; what it counted stays counted."""
    bury(worker.pid)
