-- The PSP's reference of the payment that an event tells of, as its adapter reads it: so that a payment's page finds what
-- was told of it. Written when the event has its turn; what had it before stays without.
ALTER TABLE psp_event ADD COLUMN concerns text NOT NULL DEFAULT '';
CREATE INDEX psp_event_concerns ON psp_event (concerns, said_at) WHERE concerns <> '';
