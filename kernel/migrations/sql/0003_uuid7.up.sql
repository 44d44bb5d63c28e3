-- A UUIDv7 (RFC 9562) of this moment: 48 bits of milliseconds, the version, and the rest by chance. For rows that a
-- statement makes by the thousand; one at a time they come from kernel.ids.
CREATE FUNCTION uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(set_bit(set_bit(overlay(
        uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6
    ), 52, 1), 53, 1), 'hex')::uuid
$$;
