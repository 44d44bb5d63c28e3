DROP INDEX payment_attempt_unknown;
DROP INDEX refund_by_hand;
ALTER TABLE refund
    DROP CONSTRAINT refund_source_check,
    ADD CONSTRAINT refund_source_check CHECK (source IN ('api', 'psp'));
