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
    RETURN made;
END $$;
DROP FUNCTION outbox_guard_parts();
