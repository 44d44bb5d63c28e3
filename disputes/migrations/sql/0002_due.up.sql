-- Which disputes wait for our answer, and until when: asked every minute by whoever watches.
CREATE INDEX dispute_needs_response ON dispute (evidence_due_by) WHERE status = 'needs_response';
