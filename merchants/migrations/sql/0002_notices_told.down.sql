DROP FUNCTION notice_again(uuid, uuid, uuid[], timestamptz[], text[], text[], integer[], timestamptz);
DROP FUNCTION notice_give_up(uuid, uuid, timestamptz, integer);
DROP FUNCTION notice_settle(jsonb);
DROP FUNCTION notice_take(boolean, timestamptz, timestamptz, uuid, integer, integer, integer);
DROP FUNCTION notice_hear(uuid[], uuid[], timestamptz[], boolean[], text[], text[], text[], integer[], timestamptz);
DROP FUNCTION notice_next_in_line(uuid[], uuid[], text[], timestamptz);
DROP FUNCTION notice_new_id();
