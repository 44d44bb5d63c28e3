"""How the web server runs: in threads, since a request that waits for a PSP needs no processor."""

import os

CORES = os.cpu_count() or 1

worker_class = "gthread"
workers = 1 if CORES <= 2 else CORES // 2  # The other half is PostgreSQL's and the workers'.
threads = 64
keepalive = 30
graceful_timeout = 4
accesslog = None  # The application logs what matters of a request; twice would cost more than once.
control_socket_disable = True
