-- The lines of PSPs' statements name payouts by the PSP's reference, and not whose they are.
CREATE INDEX payout_reference ON payout (psp_reference) WHERE psp_reference <> '';
