-- For a database that never converted: what was promised and booked cannot be unlearned.
DROP FUNCTION fx_revalue;
DROP INDEX ledger_account_fx;
DROP TABLE fx_quote, fx_feed, fx_rate;
DROP FUNCTION fx_quote_is_kept, fx_rate_is_only_judged;
