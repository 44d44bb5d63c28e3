DROP INDEX ledger_transaction_source;
