"""The one place that imports Braintree's SDK, which warns of its own deprecations as it loads."""

import warnings

with warnings.catch_warnings():
    # Its modules use what they themselves deprecate. Where warnings are errors (our tests), the
    # import would fail; nothing we could call differently would stop it.
    warnings.simplefilter("ignore", DeprecationWarning)
    import braintree
    import braintree.exceptions.http.connection_error
    import braintree.exceptions.http.timeout_error

__all__ = ["braintree"]
