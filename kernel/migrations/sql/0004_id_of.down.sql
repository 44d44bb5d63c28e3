DROP FUNCTION id_of(text);
