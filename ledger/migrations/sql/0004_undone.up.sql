-- Captures that were taken back, or made after all: few, and asked for every night.
CREATE INDEX ledger_transaction_undone ON ledger_transaction (kind)
    WHERE kind IN ('payment.capture_reversed', 'payment.recaptured');
