DROP INDEX dispute_needs_response;
