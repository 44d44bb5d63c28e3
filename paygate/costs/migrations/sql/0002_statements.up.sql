-- A charge that was read off a statement: it is in the books with the settlement, not on its own.
ALTER TABLE psp_charge ADD COLUMN statement_id uuid;

-- Learn charges off a statement, each once; which of them a merchant bears, and was new. Each item is a row of psp_charge
-- without its id. A charge in another currency than its payment's, and one for a payment that we were not told of, is
-- left out: it is in the books, and no payment's cost.
CREATE FUNCTION cost_learn(charged jsonb, p_statement uuid, at timestamptz) RETURNS TABLE (
    merchant_id uuid, payment_id uuid, reference text, amount bigint, currency char(3), charged_at timestamptz
) LANGUAGE plpgsql SET jit = off AS $$
BEGIN
    RETURN QUERY WITH told AS MATERIALIZED (
        SELECT t.*, c.passed_on FROM jsonb_to_recordset(charged) AS t (
            merchant_id uuid, payment_id uuid, livemode boolean, psp text, reference text, amount bigint,
            currency char(3), charged_at timestamptz
        )
        JOIN payment_cost c ON c.merchant_id = t.merchant_id AND c.payment_id = t.payment_id AND c.currency = t.currency
    ), learned AS (
        INSERT INTO psp_charge AS p
            (merchant_id, id, payment_id, livemode, psp, reference, amount, currency, charged_at, learned_at, statement_id)
            SELECT t.merchant_id, uuid7(), t.payment_id, t.livemode, t.psp, t.reference, t.amount, t.currency, t.charged_at,
                at, p_statement
            FROM told t ORDER BY t.merchant_id, t.payment_id, t.reference
            ON CONFLICT ON CONSTRAINT psp_charge_once DO NOTHING
            RETURNING p.merchant_id, p.payment_id, p.reference, p.amount
    ), counted AS (
        UPDATE payment_cost c SET actual = coalesce(c.actual, 0) + n.amount
            FROM (
                SELECT l.merchant_id, l.payment_id, sum(l.amount)::bigint AS amount FROM learned l GROUP BY 1, 2
            ) n
            WHERE c.merchant_id = n.merchant_id AND c.payment_id = n.payment_id
    )
    SELECT t.merchant_id, t.payment_id, t.reference, t.amount, t.currency, t.charged_at
        FROM learned l
        JOIN told t ON t.merchant_id = l.merchant_id AND t.payment_id = l.payment_id AND t.reference = l.reference
        WHERE t.passed_on AND t.amount > 0;
END $$;
