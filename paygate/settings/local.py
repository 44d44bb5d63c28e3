"""One machine, one developer: what `make up` and `make demo` run."""

from paygate.settings.base import *
from paygate.settings.env import env

METRICS_FOR_THIS_MACHINE = True  # make up, and curl.
BACK_OFFICE_LABEL = env.str("BACK_OFFICE_LABEL", default="Demo")
STAFF_SECOND_FACTOR = False  # The demo's logins are printed, passwords and all.
NOTICES_MAY_GO_PRIVATE = True  # A shop under development listens on this machine.
# A fortnight in a minute: the demo sets the clock of all processes forward by what it writes into this file.
CLOCK_SHIFT_FILE = env.str("CLOCK_SHIFT_FILE", default="")
# Without a feed: one sheet, every day anew.
FX_ECB_SOURCE = env.str(
    "FX_ECB_SOURCE", default=str(BASE_DIR / "paygate/fx/samples/eurofxref-daily.xml")
)
FX_ECB_ALWAYS_TODAYS = True
