-- Which endpoints fail, and since when: asked every minute by whoever watches.
CREATE INDEX webhook_endpoint_failing ON webhook_endpoint (failing_since)
    WHERE failing_since IS NOT NULL AND status = 'enabled';
