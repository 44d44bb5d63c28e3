DROP INDEX ledger_transaction_newest;
