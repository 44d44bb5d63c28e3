-- Events are reached through the whole: what the application may not do to that (delete, above all) it could still do
-- to a month's part, to which the default privileges had given it every right.
CREATE FUNCTION outbox_guard_parts() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part regclass;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'paygate_app') THEN
        FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'outbox_event'::regclass LOOP
            EXECUTE format('REVOKE ALL ON %s FROM paygate_app', part);
        END LOOP;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION outbox_ensure_partitions(months integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date;
    name  text;
    made  integer := 0;
BEGIN
    FOR i IN 0..months LOOP
        first := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i);
        name := 'outbox_event_' || to_char(first, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF outbox_event FOR VALUES FROM (%L) TO (%L)',
                name, first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month')::timestamp AT TIME ZONE 'UTC'
            );
            made := made + 1;
        END IF;
    END LOOP;
    IF made > 0 THEN
        PERFORM outbox_guard_parts();
    END IF;
    RETURN made;
END $$;

SELECT outbox_guard_parts();
