"""Which PSP takes a payment: the merchant's weights, the currency, the PSP's health."""
