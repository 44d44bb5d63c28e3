DROP TRIGGER staff_login_keeps_name ON auth_user;
DROP FUNCTION staff_login_keeps_name();
DROP INDEX staff_login_once;
