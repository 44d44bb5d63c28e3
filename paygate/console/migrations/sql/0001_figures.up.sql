-- Figures of the dashboard: how often something happened in an hour and on a day, and how much it was about; of each
-- merchant, and of all together under the house's own number. Made of what the outbox tells, and never the truth.

CREATE TABLE figure (
    merchant_id uuid        NOT NULL,
    livemode    boolean     NOT NULL,
    currency    char(3)     NOT NULL,
    span        text        NOT NULL CHECK (span IN ('hour', 'day')),
    what        text        NOT NULL CHECK (what <> ''),
    starts      timestamptz NOT NULL,
    psp         text        NOT NULL,
    reason      text        NOT NULL,
    number      bigint      NOT NULL,
    amount      bigint      NOT NULL,
    -- As the dashboard asks: one currency of one merchant, a few kinds, a stretch of time each.
    PRIMARY KEY (merchant_id, livemode, currency, span, what, starts, psp, reason),
    CONSTRAINT figure_starts_on_the_hour CHECK (date_trunc(span, starts, 'UTC') = starts)
) WITH (fillfactor = 70);
-- Whoever forgets old hours, and whoever makes a day anew.
CREATE INDEX figure_starts ON figure USING brin (starts) WITH (pages_per_range = 16);

-- What is counted already. A fact that never changes (sequence 0) is remembered for as long as it may be told again; one
-- that may tell otherwise later, such as a dispute that is won after all, for ever, with what it was counted as.
CREATE TABLE figure_counted (
    merchant_id uuid        NOT NULL,
    id          uuid        NOT NULL,
    fact        text        NOT NULL,
    sequence    integer     NOT NULL CHECK (sequence >= 0),
    at          timestamptz NOT NULL,
    livemode    boolean,
    currency    char(3),
    psp         text,
    what        text,
    reason      text,
    amount      bigint,
    PRIMARY KEY (merchant_id, id, fact)
) WITH (fillfactor = 90);
CREATE INDEX figure_counted_age ON figure_counted USING brin (at);

-- What happened before is remembered no more, and so never counted when it is told: it was, or a person has it made anew.
CREATE TABLE figure_since (
    one boolean     PRIMARY KEY DEFAULT true CHECK (one),
    at  timestamptz NOT NULL
);
INSERT INTO figure_since (at) VALUES ('-infinity');

-- Count what was heard, each fact once however often it is told; how many were new. (By index whatever the tables' size
-- was when the plan was made.) Of "undone" the books know whether a capture was taken back at that moment, or made after
-- all: the event does not say it.
CREATE FUNCTION figure_hear(heard jsonb) RETURNS bigint
    LANGUAGE plpgsql SET jit = off SET enable_seqscan = off AS $$
DECLARE
    counted bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('figure_hear'));  -- There is one relay; and if there were two.

    WITH named AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(heard) AS t (
            merchant_id uuid, livemode boolean, currency char(3), psp text, id uuid, fact text, sequence integer,
            what text, reason text, at timestamptz, amount bigint
        )
    ), told AS MATERIALIZED (
        SELECT DISTINCT ON (merchant_id, id, fact) * FROM (
            SELECT * FROM named WHERE fact <> 'undone'
            UNION ALL
            SELECT n.merchant_id, n.livemode, n.currency, n.psp, n.id, k.fact, 0, k.what, '', n.at, n.amount
            FROM named n
            CROSS JOIN (VALUES
                ('payment.capture_reversed', 'capture_reversed', 'capture_reversed'),
                ('payment.recaptured', 'recaptured', 'captured')
            ) AS k (kind, fact, what)
            JOIN ledger_transaction l ON l.merchant_id = n.merchant_id AND l.kind = k.kind
                AND l.source = public_id('att', n.id) AND l.effective_at = n.at
            WHERE n.fact = 'undone'
        ) facts
        ORDER BY merchant_id, id, fact, sequence DESC
    ), was AS MATERIALIZED (
        SELECT c.* FROM told t
        JOIN figure_counted c ON c.merchant_id = t.merchant_id AND c.id = t.id AND c.fact = t.fact
        WHERE t.sequence > 0 AND c.what IS NOT NULL
    ), fresh AS (
        INSERT INTO figure_counted AS c
            (merchant_id, id, fact, sequence, at, livemode, currency, psp, what, reason, amount)
            SELECT t.merchant_id, t.id, t.fact, t.sequence, t.at, k.livemode, k.currency, k.psp, k.what, k.reason, k.amount
            FROM told t
            LEFT JOIN told k ON t.sequence > 0 AND k.merchant_id = t.merchant_id AND k.id = t.id AND k.fact = t.fact
            WHERE CASE t.sequence
                WHEN 0 THEN t.at >= (SELECT s.at FROM figure_since s)
                ELSE t.what IS NOT NULL OR EXISTS (
                    SELECT FROM was w WHERE w.merchant_id = t.merchant_id AND w.id = t.id AND w.fact = t.fact)
            END
            ORDER BY t.merchant_id, t.id, t.fact
            ON CONFLICT (merchant_id, id, fact) DO UPDATE SET
                sequence = excluded.sequence, at = excluded.at, livemode = excluded.livemode,
                currency = excluded.currency, psp = excluded.psp, what = excluded.what, reason = excluded.reason,
                amount = excluded.amount
                WHERE c.sequence < excluded.sequence
            RETURNING merchant_id, id, fact
    ), changes AS (
        SELECT t.merchant_id, t.livemode, t.currency, t.psp, t.what, t.reason, t.at, 1 AS number, t.amount
        FROM fresh JOIN told t USING (merchant_id, id, fact) WHERE t.what IS NOT NULL
        UNION ALL
        SELECT w.merchant_id, w.livemode, w.currency, w.psp, w.what, w.reason, w.at, -1, -w.amount
        FROM fresh JOIN was w USING (merchant_id, id, fact)
    ), added AS (
        INSERT INTO figure AS f (merchant_id, livemode, currency, span, what, starts, psp, reason, number, amount)
            SELECT whose.id, c.livemode, c.currency, spans.span, c.what, date_trunc(spans.span, c.at, 'UTC') AS starts,
                c.psp, c.reason, sum(c.number), sum(c.amount)
            FROM changes c
            CROSS JOIN (VALUES ('hour'), ('day')) AS spans (span)
            CROSS JOIN LATERAL (VALUES (c.merchant_id), ('00000000-0000-7000-8000-000000000000'::uuid)) AS whose (id)
            GROUP BY whose.id, c.livemode, c.currency, spans.span, c.what, starts, c.psp, c.reason
            HAVING sum(c.number) <> 0 OR sum(c.amount) <> 0
            ON CONFLICT (merchant_id, livemode, currency, span, what, starts, psp, reason) DO UPDATE SET
                number = f.number + excluded.number, amount = f.amount + excluded.amount
    )
    SELECT count(*) INTO counted FROM fresh;
    RETURN counted;
END $$;
