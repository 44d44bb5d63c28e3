DROP FUNCTION success_hear(jsonb);
DROP TABLE success_counted;
DROP TABLE success_minute;
DROP TABLE reading;
