DROP TRIGGER refund_fee_is_agreed ON refund;
DROP FUNCTION refund_fee_is_agreed();
ALTER TABLE refund DROP COLUMN fee;
