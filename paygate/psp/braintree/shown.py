"""Which fields of Braintree's requests and answers may be shown: none that is a token, or about a customer."""

_NAMES = """
transaction transactions id status type amount currency-iso-code merchant-account-id order-id created-at updated-at
options submit-for-settlement final-capture processor-response-code processor-response-text processor-response-type
additional-processor-response gateway-rejection-reason network-response-code network-response-text
avs-postal-code-response-code avs-street-address-response-code cvv-response-code processor-settlement-response-code
processor-settlement-response-text authorized-transaction-id partial-settlement-transaction-ids refund-ids item
refund-id refunded-transaction-id retried settlement-batch-id authorization-expires-at status-history status-event
timestamp transaction-source api-error-response message errors error code attribute search search-results
page-size ids credit-card-transactions current-page-number total-items order_id created_at is min max
errorClass extensions data
"""

#: What is sent is spelled otherwise than what is answered.
FIELDS = frozenset([*_NAMES.split(), *_NAMES.replace("-", "_").split()])
