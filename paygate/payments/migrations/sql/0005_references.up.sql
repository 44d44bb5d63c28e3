-- The lines of PSPs' statements name refunds by the PSP's reference, and not whose they are.
CREATE INDEX refund_reference ON refund (psp_reference) WHERE psp_reference <> '';
