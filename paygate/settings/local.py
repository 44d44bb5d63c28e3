"""One machine, one developer: what `make up` and `make demo` run."""

from paygate.settings.base import *

NOTICES_MAY_GO_PRIVATE = True  # A shop under development listens on this machine.
