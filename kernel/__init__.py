"""The footings: money, ids, clock, database manners, outbox, idempotency. Knows nobody above."""
