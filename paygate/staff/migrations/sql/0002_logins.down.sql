DROP TRIGGER staff_sessions_end ON auth_user;
DROP FUNCTION staff_end_sessions();
DROP TABLE staff_guess, staff_session, staff_recovery_code, staff_authenticator;
