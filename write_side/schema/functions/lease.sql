-- One owner at a time for the relay and for the projector. A lease ends when its time is over by the database's clock
-- (a stopped owner) or when the owner's backend is gone (a killed one), whichever comes first. Safety never rests on it.

CREATE OR REPLACE FUNCTION lease_acquire(p_name text, p_owner uuid, p_ttl interval) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_epoch bigint;
BEGIN
    INSERT INTO lease AS l (name, owner, epoch, backend_pid, expires_at)
    VALUES (p_name, p_owner, 1, pg_backend_pid(), clock_timestamp() + p_ttl)
    ON CONFLICT (name) DO UPDATE
        SET owner = p_owner, epoch = l.epoch + 1, backend_pid = pg_backend_pid(), expires_at = clock_timestamp() + p_ttl
        WHERE l.owner = p_owner
           OR l.expires_at < clock_timestamp()
           OR NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = l.backend_pid)
    RETURNING epoch INTO v_epoch;
    RETURN v_epoch;  -- NULL: somebody else holds it
END $$;

CREATE OR REPLACE FUNCTION lease_renew(p_name text, p_owner uuid, p_epoch bigint, p_ttl interval) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lease SET expires_at = clock_timestamp() + p_ttl, backend_pid = pg_backend_pid()
    WHERE name = p_name AND owner = p_owner AND epoch = p_epoch AND expires_at >= clock_timestamp();
    RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION lease_release(p_name text, p_owner uuid, p_epoch bigint) RETURNS void
LANGUAGE sql AS $$
    UPDATE lease SET expires_at = '-infinity' WHERE name = p_name AND owner = p_owner AND epoch = p_epoch
$$;
