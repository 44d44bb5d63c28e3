DROP TABLE idempotency_key;
DROP TABLE outbox_event;
DROP FUNCTION outbox_event_is_history, idempotency_key_is_bound, outbox_ensure_partitions, public_id;
