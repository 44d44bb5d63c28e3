-- Nobody approves their own under another name: a login keeps the one it has, and no other differs from it by case alone.

CREATE UNIQUE INDEX staff_login_once ON auth_user (lower(username));

CREATE FUNCTION staff_login_keeps_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a login keeps its name: % would be %', OLD.username, NEW.username USING ERRCODE = 'PG158';
END $$;

CREATE TRIGGER staff_login_keeps_name BEFORE UPDATE OF username ON auth_user FOR EACH ROW
    WHEN (NEW.username <> OLD.username)
    EXECUTE FUNCTION staff_login_keeps_name();
