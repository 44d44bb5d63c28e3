DROP INDEX payout_in_transit;
