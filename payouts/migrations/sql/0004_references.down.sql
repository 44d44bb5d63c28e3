DROP INDEX payout_reference;
