DROP TRIGGER payouts_leave_approved ON payout;
DROP FUNCTION payouts_leave_approved();
DROP TABLE payout_batch_act;
DROP FUNCTION payout_batch_findings(uuid, timestamptz, timestamptz, integer);
DROP FUNCTION payout_batch_take(uuid, text[], timestamptz, integer);
DROP FUNCTION payout_collect(boolean, timestamptz, uuid[], text[], date[], bigint[]);
DROP FUNCTION payout_due(boolean, timestamptz, text[], date[], text[], smallint[], date[]);
DROP TABLE payout_collected;
