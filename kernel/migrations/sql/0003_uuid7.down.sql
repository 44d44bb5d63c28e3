DROP FUNCTION uuid7();
CREATE OR REPLACE FUNCTION public_id(prefix text, id uuid) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT prefix || '_' || string_agg(
        substr('0123456789abcdefghjkmnpqrstvwxyz', substring(bits FROM place * 5 + 1 FOR 5)::bit(5)::integer + 1, 1),
        '' ORDER BY place
    )
    FROM generate_series(0, 25) AS place,
        (SELECT B'00' || ('x' || replace(id::text, '-', ''))::bit(128) AS bits) AS b
$$;
