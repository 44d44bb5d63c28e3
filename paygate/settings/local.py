"""One machine, one developer: what `make up` and `make demo` run."""

from paygate.settings.base import *

NOTICES_MAY_GO_PRIVATE = True  # A shop under development listens on this machine.
# A fortnight in a minute: the demo sets the clock of all processes forward by what it writes into this file.
CLOCK_SHIFT_FILE = env.str("CLOCK_SHIFT_FILE", default="")
