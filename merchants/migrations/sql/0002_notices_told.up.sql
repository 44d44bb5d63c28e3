-- How notices come to be, are taken, settled, given up and sent again: each one round trip, for one or for many.
-- (With plans that are made once a session, and by index whatever the tables' size was then.)

-- A new UUIDv7, for rows that are made of a set here: kernel.ids.uuid7, to the millisecond.
CREATE FUNCTION notice_new_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(
        set_bit(
            set_bit(
                overlay(
                    uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6
                ),
                52, 1
            ),
            53, 1
        ),
        'hex'
    )::uuid
$$;

-- The next of each of these lines (an endpoint's news of one subject) may be tried, where none of it is yet.
-- The endpoints are locked by whoever calls.
CREATE FUNCTION notice_next_in_line(p_merchants uuid[], p_endpoints uuid[], p_subjects text[], p_at timestamptz)
    RETURNS void LANGUAGE sql AS $$
    UPDATE notice n SET next_try_at = p_at
    FROM (
        SELECT DISTINCT l.merchant_id, l.endpoint_id, l.subject
        FROM unnest(p_merchants, p_endpoints, p_subjects) AS l (merchant_id, endpoint_id, subject)
        WHERE NOT EXISTS (
            SELECT FROM notice t
            WHERE t.merchant_id = l.merchant_id AND t.webhook_endpoint_id = l.endpoint_id AND t.subject = l.subject
                AND t.next_try_at IS NOT NULL
        )
    ) line
    CROSS JOIN LATERAL (
        SELECT p.id FROM notice p
        WHERE p.merchant_id = line.merchant_id AND p.webhook_endpoint_id = line.endpoint_id
            AND p.subject = line.subject AND p.status = 'pending'
        ORDER BY p.sequence LIMIT 1
    ) first
    WHERE n.merchant_id = line.merchant_id AND n.id = first.id
$$;

-- The relay's batch becomes notices: for each event and each enabled endpoint that wants it, once. `p_wants` has
-- for each event the patterns that ask for it, separated by spaces. Returns how many were made.
CREATE FUNCTION notice_hear(
    p_merchants uuid[], p_events uuid[], p_ats timestamptz[], p_livemodes boolean[], p_topics text[],
    p_wants text[], p_subjects text[], p_sequences integer[], p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM FROM webhook_endpoint w
    WHERE w.merchant_id = ANY (p_merchants) AND w.status = 'enabled'
    ORDER BY w.merchant_id, w.id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    INSERT INTO notice (merchant_id, id, webhook_endpoint_id, event_id, event_at, topic, subject, sequence,
                        status, failures, attempts, next_try_at, created_at)
    SELECT f.merchant_id, notice_new_id(), f.endpoint_id, f.event_id, f.at, f.topic, f.subject, f.sequence,
           'pending', 0, 0,
           CASE WHEN f.place = 1 AND NOT EXISTS (
               SELECT FROM notice p
               WHERE p.merchant_id = f.merchant_id AND p.webhook_endpoint_id = f.endpoint_id
                   AND p.subject = f.subject AND p.status = 'pending'
           ) THEN p_now END,
           p_now
    FROM (
        SELECT e.*, w.id AS endpoint_id,
               row_number() OVER (PARTITION BY w.merchant_id, w.id, e.subject ORDER BY e.sequence) AS place
        FROM unnest(p_merchants, p_events, p_ats, p_livemodes, p_topics, p_wants, p_subjects, p_sequences)
            AS e (merchant_id, event_id, at, livemode, topic, wants, subject, sequence)
        JOIN webhook_endpoint w ON w.merchant_id = e.merchant_id AND w.livemode = e.livemode
            AND w.status = 'enabled' AND w.enabled_events && string_to_array(e.wants, ' ')
        WHERE NOT EXISTS (
            SELECT FROM notice n
            WHERE n.merchant_id = e.merchant_id AND n.event_id = e.event_id AND n.webhook_endpoint_id = w.id
        )
    ) f
    ORDER BY f.subject, f.sequence;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END $$;

-- Take up to `p_most` due notices of the endpoints that are quick, or of those that are not, until `p_until`: so that at
-- most `p_each` are on their way to one endpoint and `p_share` to one merchant's, and first for the merchants that have
-- the fewest on their way. An endpoint that somebody else is busy with is passed over.
CREATE FUNCTION notice_take(
    p_quick boolean, p_now timestamptz, p_until timestamptz, p_taker uuid, p_most integer, p_each integer,
    p_share integer
) RETURNS SETOF notice LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    AS $$
DECLARE
    merchants uuid[];
    endpoints uuid[];
BEGIN
    -- One step through the index for each endpoint that has something to be tried, however much it is.
    WITH RECURSIVE head AS (
        (
            SELECT n.merchant_id, n.webhook_endpoint_id, n.next_try_at FROM notice n
            WHERE n.next_try_at IS NOT NULL
            ORDER BY n.merchant_id, n.webhook_endpoint_id, n.next_try_at LIMIT 1
        )
        UNION ALL
        SELECT f.merchant_id, f.webhook_endpoint_id, f.next_try_at FROM head h
        CROSS JOIN LATERAL (
            SELECT n.merchant_id, n.webhook_endpoint_id, n.next_try_at FROM notice n
            WHERE n.next_try_at IS NOT NULL
                AND (n.merchant_id, n.webhook_endpoint_id) > (h.merchant_id, h.webhook_endpoint_id)
            ORDER BY n.merchant_id, n.webhook_endpoint_id, n.next_try_at LIMIT 1
        ) f
    ),
    busy AS MATERIALIZED (
        SELECT n.merchant_id, n.webhook_endpoint_id, count(*) AS many FROM notice n
        JOIN webhook_endpoint w ON w.merchant_id = n.merchant_id AND w.id = n.webhook_endpoint_id
        WHERE n.taken_by IS NOT NULL AND n.next_try_at > p_now AND w.quick = p_quick
        GROUP BY n.merchant_id, n.webhook_endpoint_id
    ),
    picked AS (
        SELECT w.merchant_id, w.id FROM head h
        JOIN webhook_endpoint w ON w.merchant_id = h.merchant_id AND w.id = h.webhook_endpoint_id
        WHERE h.next_try_at <= p_now AND w.status = 'enabled'
            AND w.quick = p_quick
            AND p_share > (SELECT coalesce(sum(b.many), 0) FROM busy b WHERE b.merchant_id = h.merchant_id)
            AND p_each > (
                SELECT coalesce(sum(b.many), 0) FROM busy b
                WHERE b.merchant_id = h.merchant_id AND b.webhook_endpoint_id = h.webhook_endpoint_id
            )
        ORDER BY (SELECT coalesce(sum(b.many), 0) FROM busy b WHERE b.merchant_id = h.merchant_id), h.next_try_at
        LIMIT p_most
        FOR NO KEY UPDATE OF w SKIP LOCKED
    )
    SELECT array_agg(p.merchant_id), array_agg(p.id) INTO merchants, endpoints FROM picked p;

    -- Counted anew, now that nobody else takes what is theirs.
    RETURN QUERY
    WITH busy AS MATERIALIZED (
        SELECT n.merchant_id, n.webhook_endpoint_id, count(*) AS many FROM notice n
        JOIN webhook_endpoint w ON w.merchant_id = n.merchant_id AND w.id = n.webhook_endpoint_id
        WHERE n.taken_by IS NOT NULL AND n.next_try_at > p_now AND w.quick = p_quick
        GROUP BY n.merchant_id, n.webhook_endpoint_id
    ),
    due AS (
        SELECT d.merchant_id, d.id, d.next_try_at,
               coalesce((SELECT sum(b.many) FROM busy b WHERE b.merchant_id = d.merchant_id), 0)
               + row_number() OVER (PARTITION BY d.merchant_id ORDER BY d.place, d.next_try_at) AS turn
        FROM unnest(merchants, endpoints) AS e (merchant_id, endpoint_id)
        CROSS JOIN LATERAL (
            SELECT o.*, row_number() OVER (ORDER BY o.next_try_at) AS place
            FROM (
                SELECT n.merchant_id, n.id, n.next_try_at FROM notice n
                WHERE n.merchant_id = e.merchant_id AND n.webhook_endpoint_id = e.endpoint_id AND n.next_try_at <= p_now
                ORDER BY n.next_try_at
                LIMIT greatest(0, p_each - (
                    SELECT coalesce(sum(b.many), 0)::integer FROM busy b
                    WHERE b.merchant_id = e.merchant_id AND b.webhook_endpoint_id = e.endpoint_id
                ))
            ) o
        ) d
    ),
    turns AS (
        SELECT d.merchant_id, d.id FROM due d WHERE d.turn <= p_share ORDER BY d.turn, d.next_try_at LIMIT p_most
    )
    UPDATE notice n SET taken_by = p_taker, next_try_at = p_until, attempts = n.attempts + 1
    FROM turns t WHERE n.merchant_id = t.merchant_id AND n.id = t.id
    RETURNING n.*;
END $$;

-- Write down how tries went: the tries themselves, what became of their notices, how their endpoints do, and what comes
-- next. A success counts whoever brings it; a failure only if nobody else has taken the notice meanwhile. Returns the
-- endpoints that are to be disabled, and why. Each item is
--   {merchant_id, endpoint_id, notice_id, taken_by, id, number, started_at, finished_at, milliseconds, error, url,
--    request_headers, response_status, response_headers, response_body,
--    quick, gone, lasting (does a whole schedule of failures count?), again_at (null: this was the last try)}
CREATE FUNCTION notice_settle(items jsonb) RETURNS TABLE (merchant uuid, endpoint uuid, reason text) LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    AS $$
DECLARE
    given_up uuid[];  -- Notices whose schedule is over.
    merchants uuid[];  -- The lines of which something is finished.
    endpoints uuid[];
    subjects text[];
    moment timestamptz;
BEGIN
    PERFORM FROM webhook_endpoint w
    WHERE (w.merchant_id, w.id) IN (
        SELECT i.merchant_id, i.endpoint_id FROM jsonb_to_recordset(items) AS i (merchant_id uuid, endpoint_id uuid)
    )
    ORDER BY w.merchant_id, w.id FOR NO KEY UPDATE;

    -- Again, should a settle be repeated whose commit nobody heard of: nothing is written twice.
    INSERT INTO notice_attempt (merchant_id, id, notice_id, number, started_at, milliseconds, error, url,
                                request_headers, response_status, response_headers, response_body)
    SELECT i.* FROM jsonb_to_recordset(items) AS i (
        merchant_id uuid, id uuid, notice_id uuid, number integer, started_at timestamptz, milliseconds integer,
        error text, url text, request_headers jsonb, response_status smallint, response_headers jsonb, response_body text
    )
    ON CONFLICT DO NOTHING;

    WITH done AS (
        UPDATE notice n SET
            status = CASE WHEN i.error = '' THEN 'delivered' WHEN i.again_at IS NULL THEN 'failed' ELSE 'pending' END,
            body = CASE WHEN i.error <> '' THEN n.body END,
            failures = n.failures + (i.error <> '')::integer,
            first_failed_at = CASE WHEN i.error <> '' THEN coalesce(n.first_failed_at, i.finished_at) END,
            next_try_at = CASE WHEN i.error <> '' THEN i.again_at END,
            taken_by = NULL,
            finished_at = CASE WHEN i.error = '' OR i.again_at IS NULL THEN i.finished_at END
        FROM jsonb_to_recordset(items) AS i (
            merchant_id uuid, notice_id uuid, taken_by uuid, finished_at timestamptz, error text, again_at timestamptz,
            lasting boolean
        )
        WHERE n.merchant_id = i.merchant_id AND n.id = i.notice_id
            AND (n.taken_by = i.taken_by OR (i.error = '' AND n.status <> 'delivered'))
        RETURNING n.merchant_id, n.id, n.webhook_endpoint_id, n.subject, n.status, n.finished_at, i.lasting
    )
    SELECT array_agg(d.id) FILTER (WHERE d.status = 'failed' AND d.lasting),
           array_agg(d.merchant_id) FILTER (WHERE d.status <> 'pending'),
           array_agg(d.webhook_endpoint_id) FILTER (WHERE d.status <> 'pending'),
           array_agg(d.subject) FILTER (WHERE d.status <> 'pending'),
           max(d.finished_at)
    INTO given_up, merchants, endpoints, subjects, moment FROM done d;

    PERFORM notice_next_in_line(merchants, endpoints, subjects, moment);

    UPDATE webhook_endpoint w SET
        failing_since = CASE WHEN NOT h.well THEN coalesce(w.failing_since, h.failed_at) END,
        quick = h.quick
    FROM (
        SELECT i.merchant_id, i.endpoint_id, bool_or(i.error = '') AS well,
               min(i.finished_at) FILTER (WHERE i.error <> '') AS failed_at,
               coalesce(bool_and(i.quick) FILTER (WHERE i.error = ''), false) AS quick
        FROM jsonb_to_recordset(items) AS i (
            merchant_id uuid, endpoint_id uuid, finished_at timestamptz, error text, quick boolean
        )
        GROUP BY i.merchant_id, i.endpoint_id
    ) h
    WHERE w.merchant_id = h.merchant_id AND w.id = h.endpoint_id
        AND (h.well = (w.failing_since IS NOT NULL) OR h.quick <> w.quick);

    RETURN QUERY
    SELECT w.merchant_id, w.id, CASE WHEN bool_or(i.gone) THEN 'gone' ELSE 'failing' END
    FROM jsonb_to_recordset(items) AS i (merchant_id uuid, endpoint_id uuid, notice_id uuid, gone boolean)
    JOIN webhook_endpoint w ON w.merchant_id = i.merchant_id AND w.id = i.endpoint_id AND w.status = 'enabled'
    JOIN notice n ON n.merchant_id = i.merchant_id AND n.id = i.notice_id
    WHERE i.gone OR (n.id = ANY (given_up) AND w.failing_since <= n.first_failed_at)
    GROUP BY w.merchant_id, w.id;
END $$;

-- End what is pending at a disabled endpoint, whose row is locked: so many at a time, since the relay may be waiting for
-- the row. Says whether there may be more.
CREATE FUNCTION notice_give_up(p_merchant uuid, p_endpoint uuid, p_now timestamptz, p_most integer) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    ended integer;
BEGIN
    UPDATE notice n SET status = 'failed', next_try_at = NULL, taken_by = NULL, finished_at = p_now
    FROM (
        SELECT p.id FROM notice p
        WHERE p.merchant_id = p_merchant AND p.webhook_endpoint_id = p_endpoint AND p.status = 'pending'
        LIMIT p_most
    ) p
    WHERE n.merchant_id = p_merchant AND n.id = p.id;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended = p_most;
END $$;

-- Send these events to an endpoint again, or for the first time, whether it asked for them or not: each begins a new
-- schedule, in the order of its subject. One that is on its way just now is left alone. Returns how many there are.
CREATE FUNCTION notice_again(
    p_merchant uuid, p_endpoint uuid, p_events uuid[], p_ats timestamptz[], p_topics text[], p_subjects text[],
    p_sequences integer[], p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    AS $$
DECLARE
    sent bigint;
BEGIN
    INSERT INTO notice AS n (merchant_id, id, webhook_endpoint_id, event_id, event_at, topic, subject, sequence,
                             status, failures, attempts, created_at)
    SELECT p_merchant, notice_new_id(), p_endpoint, e.event_id, e.at, e.topic, e.subject, e.sequence,
           'pending', 0, 0, p_now
    FROM unnest(p_events, p_ats, p_topics, p_subjects, p_sequences) AS e (event_id, at, topic, subject, sequence)
    ON CONFLICT ON CONSTRAINT notice_is_made_once DO UPDATE SET
        status = 'pending', failures = 0, first_failed_at = NULL, finished_at = NULL,
        next_try_at = CASE WHEN n.next_try_at IS NOT NULL THEN p_now END
    WHERE n.taken_by IS NULL;
    GET DIAGNOSTICS sent = ROW_COUNT;
    PERFORM notice_next_in_line(
        array_fill(p_merchant, ARRAY[cardinality(p_events)]), array_fill(p_endpoint, ARRAY[cardinality(p_events)]),
        p_subjects, p_now
    );
    RETURN sent;
END $$;
