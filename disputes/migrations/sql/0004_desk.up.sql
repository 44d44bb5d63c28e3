-- The desk's lists, which are of all merchants: what is under review, won and lost, and all of it, newest first.
CREATE INDEX dispute_status ON dispute (status, id);
-- … and one dispute, of which only the id is known.
CREATE INDEX dispute_id ON dispute (id);
-- … and those of a payment.
CREATE INDEX dispute_of_payment ON dispute (payment_id);
