"""Which fields of Stripe's requests and answers may be shown: none that is a token, a secret or about a person."""

_NAMES = """
id object status type reason code message amount amount_to_capture amount_capturable amount_received
amount_captured amount_refunded amount_requested currency capture_method confirm final_capture livemode created
canceled_at cancellation_reason metadata payment attempt merchant capture refund automatic_payment_methods enabled
allow_redirects error_on_requires_action statement_descriptor_suffix payment_method_options card
request_multicapture expand latest_charge payment_intent charge balance_transaction captured refunded paid disputed
outcome network_status risk_level risk_score seller_message network_decline_code network_advice_code advice_code
last_payment_error error decline_code doc_url param charges data has_more next_action failure_code failure_message
failure_reason pending_reason capture_before multicapture extended_authorization incremental_authorization
destination_details payment_method_details limit query starting_after url_type status_transitions
"""

FIELDS = frozenset(_NAMES.split())
