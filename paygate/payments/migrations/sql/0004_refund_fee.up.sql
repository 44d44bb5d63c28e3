-- What we charge for a refund: agreed when it is asked for, booked when it succeeds, returned when it comes back.

ALTER TABLE refund ADD COLUMN fee bigint NOT NULL DEFAULT 0 CHECK (fee >= 0);

CREATE FUNCTION refund_fee_is_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'refund %: its fee was agreed when it was asked for', OLD.id USING ERRCODE = 'PG012';
END $$;

CREATE TRIGGER refund_fee_is_agreed BEFORE UPDATE ON refund
    FOR EACH ROW WHEN (NEW.fee <> OLD.fee) EXECUTE FUNCTION refund_fee_is_agreed();
