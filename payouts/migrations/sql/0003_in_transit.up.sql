-- What is on its way, and since when: asked every minute by whoever watches.
CREATE INDEX payout_in_transit ON payout (sent_at) WHERE state = 'in_transit';
