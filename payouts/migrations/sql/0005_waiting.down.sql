DROP INDEX payout_report_exception_open;
DROP INDEX payout_destination_proposed;
DROP INDEX payout_batch_waiting;
