-- The back office's queues: how much waits for a second person, and what of the bank's for anybody?
CREATE INDEX payout_batch_waiting ON payout_batch (id) WHERE state = 'pending_approval';
CREATE INDEX payout_destination_proposed ON payout_destination (id) WHERE state = 'proposed';
CREATE INDEX payout_report_exception_open ON payout_report_exception (id) WHERE settled_at IS NULL;
