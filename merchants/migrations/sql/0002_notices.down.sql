DROP FUNCTION notice_again(uuid, uuid, uuid[], timestamptz[], text[], text[], integer[], timestamptz);
DROP FUNCTION notice_give_up(uuid, uuid, timestamptz);
DROP FUNCTION notice_settle(jsonb);
DROP FUNCTION notice_take(boolean, timestamptz, timestamptz, uuid, integer, integer, integer);
DROP FUNCTION notice_hear(uuid[], uuid[], timestamptz[], boolean[], text[], text[], text[], integer[], timestamptz);
DROP FUNCTION notice_next_in_line(uuid[], uuid[], text[], timestamptz);
DROP FUNCTION notice_new_id();
DROP TABLE notice_attempt, notice, webhook_endpoint;
DROP FUNCTION notice_attempt_is_history(), notice_tells_the_same(), webhook_endpoint_stays_what_it_is();
