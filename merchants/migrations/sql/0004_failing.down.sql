DROP INDEX webhook_endpoint_failing;
