"""How we are watched: who may read /metrics, and where the processes of one machine write what they count."""

from kernel.gauging import share
from paygate.settings.env import env

# Whoever reads /metrics presents it: "Authorization: Bearer …". Without one nobody may …
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# … except, on a developer's machine, whoever asks from that machine itself.
METRICS_FOR_THIS_MACHINE = False
# Days for which the minutes are kept of which success rates are made up.
SUCCESS_KEPT_DAYS = env.int("SUCCESS_KEPT_DAYS", default=92)
# … and for which the dashboard has figures of each hour; those of each day are kept for ever.
FIGURES_HOURS_KEPT_DAYS = env.int("FIGURES_HOURS_KEPT_DAYS", default=100)

share()  # Settings are read before anything counts.
