-- The back office has an id in hand, and not whose it is: what did it cause in the books?
CREATE INDEX ledger_transaction_source ON ledger_transaction (source);
