-- A UUIDv7 (RFC 9562) of this moment: 48 bits of milliseconds, the version, and the rest by chance. For rows that a
-- statement makes by the thousand; one at a time they come from kernel.ids.
CREATE FUNCTION uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(set_bit(set_bit(overlay(
        uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6
    ), 52, 1), 53, 1), 'hex')::uuid
$$;

-- The public form of an id, as kernel.ids writes it: five bits a letter, from the left, two zero bits before the first.
-- Written out letter by letter, so that the planner makes a plain expression of it wherever it is used: statements
-- write it by the hundred thousand.
CREATE OR REPLACE FUNCTION public_id(prefix text, id uuid) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT prefix || '_'
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 0) >> 5) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 0) & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 1) >> 3 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 1) << 8 | get_byte(uuid_send(id), 2)) >> 6 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 2) >> 1 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 2) << 8 | get_byte(uuid_send(id), 3)) >> 4 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 3) << 8 | get_byte(uuid_send(id), 4)) >> 7 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 4) >> 2 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 4) << 8 | get_byte(uuid_send(id), 5)) >> 5 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 5) & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 6) >> 3 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 6) << 8 | get_byte(uuid_send(id), 7)) >> 6 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 7) >> 1 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 7) << 8 | get_byte(uuid_send(id), 8)) >> 4 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 8) << 8 | get_byte(uuid_send(id), 9)) >> 7 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 9) >> 2 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 9) << 8 | get_byte(uuid_send(id), 10)) >> 5 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 10) & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 11) >> 3 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 11) << 8 | get_byte(uuid_send(id), 12)) >> 6 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 12) >> 1 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 12) << 8 | get_byte(uuid_send(id), 13)) >> 4 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 13) << 8 | get_byte(uuid_send(id), 14)) >> 7 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 14) >> 2 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', ((get_byte(uuid_send(id), 14) << 8 | get_byte(uuid_send(id), 15)) >> 5 & 31) + 1, 1)
        || substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(uuid_send(id), 15) & 31) + 1, 1)
$$;
