"""A database with very many payments, as our verbs leave them, made by SQL alone: for who measures reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MERCHANTS = 10_000
PAYERS = 5  # Payments of one payer, about.
DECLINED, REFUNDED = 12, 50  # One in so many.
DAYS = 365

GUARDED = ("payment", "payment_attempt", "refund", "ledger_transaction", "psp_event")

#: Ids as uuid7() would have made them at that moment, so that they sort by time.
AT = """
    CREATE SCHEMA IF NOT EXISTS bench;
    CREATE OR REPLACE FUNCTION bench.id_at(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
        SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(r, 1, 3) || '8'
            || substr(r, 4, 15))::uuid FROM (SELECT md5(random()::text || clock_timestamp()::text) AS r) x
    $$;
"""
FILL = """
    DROP TABLE IF EXISTS bench.paid;
    CREATE TABLE bench.paid AS
    WITH merchants AS MATERIALIZED (
        SELECT n AS place, bench.id_at(now() - interval '400 days') AS id FROM generate_series(0, %(merchants)s - 1) n
    ),
    moments AS (
        SELECT n, now() - interval '1 day' * %(days)s * (1 - n::float / %(payments)s) AS at
        FROM generate_series(1, %(payments)s) n
    )
    SELECT m.n, s.id AS merchant_id, m.at, bench.id_at(m.at) AS payment_id, bench.id_at(m.at) AS attempt_id,
        bench.id_at(m.at) AS refund_id, bench.id_at(m.at) AS transaction_id, bench.id_at(m.at) AS event_id,
        (100 + random() * 20000)::bigint AS amount, lpad((random() * 9999)::int::text, 4, '0') AS last4,
        (ARRAY['EUR', 'USD', 'GBP'])[1 + n %% 3] AS currency,
        (ARRAY['stripe', 'adyen', 'braintree'])[1 + n %% 3] AS psp,
        md5(n::text) AS reference, m.n %% %(declined)s = 0 AS declined
    FROM moments m JOIN merchants s ON s.place = m.n %% %(merchants)s;

    INSERT INTO merchant (id, name, status, country, settlement_currency, created_at)
    SELECT merchant_id, (ARRAY['Kiosk', 'Bakery', 'Garage', 'Florist'])[1 + (row_number() OVER ()) %% 4] || ' '
        || initcap(translate(left(md5(merchant_id::text), 8), '0123456789', 'ghijklmnop')), 'active', 'DE', 'EUR', now()
    FROM (SELECT DISTINCT merchant_id FROM bench.paid) m;

    INSERT INTO payment (merchant_id, id, livemode, state, sequence, amount, currency, amount_authorized,
        amount_captured, amount_refunded, amount_refund_pending, amount_disputed, fee, user_id, payment_method, last4,
        capture_method, psp, psp_reference, risk, description, statement_descriptor, return_url, metadata, created_at,
        updated_at)
    SELECT merchant_id, payment_id, true, CASE WHEN declined THEN 'failed' ELSE 'captured' END, 2, amount, currency,
        CASE WHEN declined THEN 0 ELSE amount END, CASE WHEN declined THEN 0 ELSE amount END, 0, 0, 0, 0,
        'user-' || n / %(payers)s, 'pm_card_visa', last4, 'automatic', psp,
        CASE WHEN declined THEN '' ELSE 'pi_' || reference END, '{"card": {"brand": "visa", "country": "DE"}}', '', '',
        '', jsonb_build_object('order', 'order-' || n, 'channel', 'web'), at, at
    FROM bench.paid ORDER BY n;
    INSERT INTO payment_attempt (merchant_id, id, payment_id, operation, psp, amount, final, token, result, route,
        idempotency_key, outcome, decline_code, psp_code, psp_message, psp_reference, started_at, taken_at, finished_at,
        looks)
    SELECT merchant_id, attempt_id, payment_id, 'authorize', psp, amount, true, '', '{}', '{}', '',
        CASE WHEN declined THEN 'declined' ELSE 'approved' END, '', '', '', 'pi_' || reference, at, at, at, 0
    FROM bench.paid ORDER BY n;
    INSERT INTO refund (merchant_id, id, payment_id, livemode, state, sequence, amount, currency, reason, source, psp,
        of_reference, captured, psp_reference, failure_code, failure_message, metadata, created_at, updated_at)
    SELECT merchant_id, refund_id, payment_id, true, 'succeeded', 2, 100, currency, '', 'api', psp, 'pi_' || reference,
        amount, 're_' || reference, '', '', '{}', at, at
    FROM bench.paid WHERE n %% %(refunded)s = 0 AND NOT declined ORDER BY n;
    INSERT INTO payment_word (merchant_id, word, id)
    SELECT merchant_id, payment_word_of(k.kind, k.said), payment_id FROM bench.paid, LATERAL (VALUES
        ('user', 'user-' || n / %(payers)s), ('card', last4), ('card', last4 || ' ' || amount),
        ('metadata', 'order-' || n), ('metadata', 'web')
    ) AS k (kind, said) ORDER BY n;
    INSERT INTO ledger_transaction (merchant_id, id, livemode, kind, source, memo, effective_at, posted_at)
    SELECT merchant_id, transaction_id, true, 'payment.captured', public_id('att', attempt_id), '', at, at
    FROM bench.paid WHERE NOT declined ORDER BY n;
    INSERT INTO psp_event (id, psp, livemode, key, kind, said_at, received_at, state, settled_at)
    SELECT event_id, psp, true, 'evt_' || reference, 'payment.captured', at, at, 'applied', at
    FROM bench.paid ORDER BY n;
"""


def fill(execute: Callable[..., Any], payments: int, *, merchants: int = MERCHANTS) -> None:
    """By the owner of the tables, behind the backs of their guards. ANALYZE is the caller's."""
    values = {
        "payments": payments,
        "merchants": merchants,
        "payers": PAYERS,
        "declined": DECLINED,
        "refunded": REFUNDED,
        "days": DAYS,
    }
    execute(AT)
    for table in GUARDED:
        execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    execute(FILL, values)
    for table in GUARDED:
        execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
