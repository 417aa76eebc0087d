-- While this stands in for `orders_place`, the command API's own commands are written down instead of carried out.
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.command (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, command text NOT NULL);
CREATE SEQUENCE IF NOT EXISTS bench.turn;
GRANT USAGE ON SCHEMA bench TO doorbuster_app;
GRANT SELECT, INSERT ON bench.command TO doorbuster_app;
GRANT USAGE ON SEQUENCE bench.turn TO doorbuster_app;
CREATE OR REPLACE FUNCTION orders_place(p_commands jsonb)
RETURNS TABLE (outcome text, answer bytea, positions jsonb, facts jsonb) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.command (command) SELECT c.one::text FROM jsonb_array_elements(p_commands) AS c(one);
    RETURN QUERY SELECT 'done'::text, convert_to(c.one ->> 'answer', 'UTF8'), '{}'::jsonb, '{}'::jsonb
                 FROM jsonb_array_elements(p_commands) AS c(one);
END $$;
