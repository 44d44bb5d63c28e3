DROP INDEX ledger_transaction_undone;
