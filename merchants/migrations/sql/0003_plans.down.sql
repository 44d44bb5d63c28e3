DROP TABLE merchant_volume;
DROP TRIGGER fee_plan_begins_after_what_was_priced ON fee_plan;
DROP FUNCTION fee_plan_begins_after_what_was_priced();
ALTER TABLE fee_plan
    DROP CONSTRAINT fee_plan_amounts_have_a_currency,
    DROP CONSTRAINT fee_plan_one_at_a_time,
    DROP COLUMN method,
    DROP COLUMN country,
    DROP COLUMN pricing,
    DROP COLUMN minimum_minor,
    DROP COLUMN maximum_minor,
    DROP COLUMN tiers,
    DROP COLUMN refund_fee_minor,
    DROP COLUMN dispute_fee_minor,
    ADD CONSTRAINT fee_plan_one_at_a_time UNIQUE (merchant_id, psp, currency, effective_from);
DROP FUNCTION fee_plan_tiers_rise(jsonb);
