DROP FUNCTION figure_hear(jsonb);
DROP TABLE figure_since;
DROP TABLE figure_counted;
DROP TABLE figure;
