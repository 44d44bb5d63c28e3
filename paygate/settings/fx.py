"""Currencies: who tells us rates, how long they are believed, and in which currency we reckon."""

from paygate.settings.env import env

# Who publishes the rates that we convert by (paygate.fx.providers.Provider).
FX_PROVIDER = env.str("FX_PROVIDER", default="paygate.fx.ecb.Ecb")
# Where the ECB's sheet is: an address, or a file that somebody else brings here.
FX_ECB_SOURCE = env.str(
    "FX_ECB_SOURCE", default="https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"
)
# A machine without a feed reads one sheet every day and takes it for today's. Never for real money: no variable.
FX_ECB_ALWAYS_TODAYS = False
# Seconds between two looks at the feed, and after one that came to nothing.
FX_FETCH_EVERY = env.float("FX_FETCH_EVERY", default=3600.0)
FX_FETCH_AGAIN_AFTER = env.float("FX_FETCH_AGAIN_AFTER", default=300.0)
# Days from the beginning of a rate's day for which we convert by it. At Easter the ECB is silent longest: what it
# says on Thursday afternoon holds until Tuesday afternoon.
FX_RATES_STALE_AFTER = env.float("FX_RATES_STALE_AFTER", default=6.0)
# A rate that differs from the last one by more than so many percent waits for a person.
FX_IMPLAUSIBLE_JUMP = env.int("FX_IMPLAUSIBLE_JUMP", default=10)
# For how long a quote is held.
FX_QUOTE_MINUTES = env.int("FX_QUOTE_MINUTES", default=15)
# In which currency our positions are valued.
FX_REPORTING_CURRENCY = env.str("FX_REPORTING_CURRENCY", default="EUR")
