-- Accounts. Only this file and write_side/accounts/store.py name their tables.

-- Takes one out of each of these buckets, or none of any. Bucket i holds `p_most[i]` and gets one back every
-- `p_seconds[i]`. Answers 0, or in how many seconds to try again. One row for all processes: whoever tries at several of
-- them has no more tries.
CREATE OR REPLACE FUNCTION accounts_take(p_keys text[], p_most integer[], p_seconds double precision[])
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_wait double precision := 0;
    v_bucket record;
BEGIN
    FOR v_bucket IN SELECT * FROM unnest(p_keys, p_most, p_seconds) AS b(key, most, seconds) ORDER BY b.key LOOP
        INSERT INTO account_attempts AS a (key, taken, at, full_at)
        VALUES (v_bucket.key, 0, clock_timestamp(), clock_timestamp())
        ON CONFLICT (key) DO UPDATE
        SET taken = greatest(0, a.taken - extract(epoch FROM clock_timestamp() - a.at) / v_bucket.seconds),
            at = clock_timestamp();
        SELECT greatest(v_wait, (a.taken + 1 - v_bucket.most) * v_bucket.seconds) INTO v_wait
        FROM account_attempts a WHERE a.key = v_bucket.key;
    END LOOP;
    IF v_wait > 0 THEN
        RETURN greatest(1, ceil(v_wait));
    END IF;
    UPDATE account_attempts a
    SET taken = a.taken + 1, full_at = a.at + make_interval(secs => (a.taken + 1) * b.seconds)
    FROM unnest(p_keys, p_seconds) AS b(key, seconds) WHERE a.key = b.key;
    RETURN 0;
END $$;
