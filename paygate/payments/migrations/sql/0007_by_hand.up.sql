-- What our staff do by hand: their refunds, and the attempts whose outcome nobody knows.

-- Who asked for it: the merchant by the API, somebody in the PSP's own dashboard, or one of our staff.
ALTER TABLE refund
    DROP CONSTRAINT refund_source_check,
    ADD CONSTRAINT refund_source_check CHECK (source IN ('api', 'psp', 'back_office'));
CREATE INDEX refund_by_hand ON refund (created_at) WHERE source = 'back_office';

-- The queue "unresolved money", oldest first.
CREATE INDEX payment_attempt_unknown ON payment_attempt (started_at) WHERE finished_at IS NULL AND outcome = 'unknown';
