DROP FUNCTION payment_write, payment_take;
DROP TABLE payment_attempt;
DROP TABLE payment;
DROP FUNCTION payment_moves_legally, payment_attempt_is_history, payment_is_kept, payment_arrows;
