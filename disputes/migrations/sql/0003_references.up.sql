-- The lines of PSPs' statements name disputes' movements by the PSP's reference, and not whose they are.
CREATE INDEX dispute_movement_reference ON dispute_movement (psp_reference) WHERE psp_reference <> '';
