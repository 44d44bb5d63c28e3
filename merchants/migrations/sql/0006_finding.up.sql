-- How the back office finds what merchants have, whoever's it is.

-- Merchants by the beginnings of the words of their names.
CREATE INDEX merchant_name ON merchant USING gin (to_tsvector('simple'::regconfig, COALESCE(name, '')));

-- Endpoints by the beginning of the host: a range, so by bytes.
CREATE FUNCTION webhook_host(url text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(split_part(split_part(split_part(url, '://', 2), '/', 1), '?', 1)) COLLATE "C";
CREATE INDEX webhook_endpoint_host ON webhook_endpoint (webhook_host(url));

-- Ids alone, as people have them.
CREATE INDEX webhook_endpoint_id ON webhook_endpoint (id);
CREATE INDEX payment_method_id ON payment_method (id);

-- The queue of those that were given up.
CREATE INDEX webhook_endpoint_given_up ON webhook_endpoint (id)
    WHERE status = 'disabled' AND disabled_reason = 'failing';
