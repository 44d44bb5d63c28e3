DROP TABLE notice_attempt, notice, webhook_endpoint;
DROP FUNCTION notice_attempt_is_history(), notice_tells_the_same(), webhook_endpoint_stays_what_it_is();
