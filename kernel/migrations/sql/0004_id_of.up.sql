-- Back from the public form to the id, as kernel.ids.decode; null for what is none. (public_id goes the other way.)
CREATE FUNCTION id_of(public text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN split_part(public, '_', 2) ~ '^[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}$' THEN (
        SELECT lpad(to_hex(bits[1]::bit(64)::bigint), 16, '0') || lpad(to_hex(bits[2]::bit(64)::bigint), 16, '0')
        FROM (
            SELECT ARRAY[substr(all_bits, 3, 64), substr(all_bits, 67, 64)] AS bits FROM (
                SELECT string_agg(
                    (strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(split_part(public, '_', 2), place, 1)) - 1)::bit(5)::text,
                    '' ORDER BY place) AS all_bits
                FROM generate_series(1, 26) AS place
            ) a
        ) b
    )::uuid END
$$;
