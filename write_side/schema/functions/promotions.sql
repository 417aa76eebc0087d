-- Promotions as other contexts see them. Only these functions and write_side/promotions/store.py name their tables.
--
-- A use is reserved like stock: the promotion's row says how many are held, its lock decides among those who want the last
-- one, or the last of the budget, and CHECKs stand behind it. Only what is limited is written: everybody may use the others at the same time.

-- What is on offer by itself, or by one of these codes. Whether it has begun, or is over, Python decides: it knows the time.
-- Only what has been over for long is left out, where nobody typed a code and asks why: nobody need end such ones by hand.
CREATE OR REPLACE FUNCTION promotions_offered(p_codes text[]) RETURNS SETOF promotion LANGUAGE sql STABLE AS $$
    SELECT p.* FROM promotion p WHERE p.state = 'running' AND p.terms ->> 'code' = ''
      AND coalesce((p.terms ->> 'ends_at')::timestamptz > clock_timestamp() - interval '1 hour', true)
    UNION ALL
    SELECT p.* FROM promotion p WHERE p.terms ->> 'code' = ANY (p_codes) AND p.terms ->> 'code' <> ''
$$;

-- Whether one of these, as JSON, asks which categories SKUs are in: only then are those read.
CREATE OR REPLACE FUNCTION promotions_by_category(p_promotions json) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_path_exists(p_promotions::jsonb, '$[*].terms.off.*.categories')
$$;

-- How often these customers use each of these promotions, where that is limited. The person of a use is whom limits count,
-- which is not always whose the order is.
CREATE OR REPLACE FUNCTION promotions_uses(p_promotions uuid[], p_customers uuid[])
RETURNS TABLE (promotion_id uuid, person_id uuid, n integer) LANGUAGE sql STABLE AS $$
    SELECT u.promotion_id, u.person_id, count(*)::integer
    FROM promotion p JOIN promotion_use u ON u.promotion_id = p.id
    WHERE p.id = ANY (p_promotions) AND p.terms ->> 'most_per_customer' IS NOT NULL AND u.person_id = ANY (p_customers)
    GROUP BY 1, 2
$$;

-- Which of these commands can't have what they claim; rows (command, person, promotion, amount of the budget) in parallel arrays. The promotions
-- are held from here on, in the order of their ids: whoever is not refused gets it by `promotions_take`.
--
-- A place that a command takes which is refused for another claim, or loses the race for the stock, is not given to the
-- next one of the same call: that one is refused too, reads anew and tries again.
CREATE OR REPLACE FUNCTION promotions_admit(p_command integer[], p_person uuid[], p_promotion uuid[], p_amount bigint[])
RETURNS integer[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM promotion p WHERE p.id = ANY (p_promotion) ORDER BY p.id FOR UPDATE;
    RETURN ARRAY(
        SELECT DISTINCT l.command
        FROM (SELECT c.*, row_number() OVER (PARTITION BY c.promotion ORDER BY c.command) AS nth,
                     row_number() OVER (PARTITION BY c.promotion, c.person ORDER BY c.command) AS nth_of_person,
                     sum(c.amount) OVER (PARTITION BY c.promotion ORDER BY c.command) AS so_much
              FROM unnest(p_command, p_person, p_promotion, p_amount) AS c(command, person, promotion, amount)) AS l
        JOIN promotion p ON p.id = l.promotion
        WHERE p.state <> 'running' OR p.used + l.nth > (p.terms ->> 'most')::integer
           OR l.nth_of_person + (SELECT count(*) FROM promotion_use u WHERE u.promotion_id = p.id AND u.person_id = l.person)
              > (p.terms ->> 'most_per_customer')::integer
           OR p.granted_minor + l.so_much > (p.terms -> 'budget' ->> 'amount_minor')::bigint);
END $$;

CREATE OR REPLACE FUNCTION promotion_event(
    p_command integer, p_promotion promotion, p_type text, p_order uuid, p_person uuid, p_amount bigint
) RETURNS waiting_event LANGUAGE sql STABLE AS $$
    SELECT (p_command, 'promotion', p_promotion.id, 'promotion:' || p_promotion.id, p_promotion.version, p_type,
            convert_to(jsonb_strip_nulls(jsonb_build_object(
                'type', p_type, 'promotion_id', p_promotion.id, 'order_id', p_order, 'person_id', p_person,
                'used', p_promotion.used, 'amount_minor', nullif(p_amount, 0),
                'granted_minor', nullif(p_promotion.granted_minor, 0)))::text, 'UTF8'))::waiting_event
$$;

-- Takes the uses that were admitted, for orders; answers the events that wait to be appended.
CREATE OR REPLACE FUNCTION promotions_take(
    p_command integer[], p_order uuid[], p_person uuid[], p_promotion uuid[], p_amount bigint[]
) RETURNS waiting_event[] LANGUAGE plpgsql AS $$
DECLARE
    v_line record;
    v_promotion promotion;
    v_changes waiting_event[] := '{}';
BEGIN
    FOR v_line IN SELECT * FROM unnest(p_command, p_order, p_person, p_promotion, p_amount)
                              AS l(command, ordered, person, promotion, amount)
                  ORDER BY promotion, command LOOP
        UPDATE promotion p SET used = p.used + 1, granted_minor = p.granted_minor + v_line.amount, version = p.version + 1
        WHERE p.id = v_line.promotion RETURNING * INTO STRICT v_promotion;
        INSERT INTO promotion_use (promotion_id, order_id, person_id, amount_minor)
        VALUES (v_line.promotion, v_line.ordered, v_line.person, v_line.amount);
        v_changes := v_changes || promotion_event(v_line.command, v_promotion, 'promotions.promotion_used.v1',
                                                      v_line.ordered, v_line.person, v_line.amount);
    END LOOP;
    RETURN v_changes;
END $$;

-- Gives back what orders hold that were cancelled or expired. To be asked ahead of their stock: placing holds promotions
-- before stock, too. `command`: the place of the order in `p_orders`.
CREATE OR REPLACE FUNCTION promotions_give_back(p_orders uuid[]) RETURNS waiting_event[] LANGUAGE plpgsql AS $$
DECLARE
    v_use record;
    v_promotion promotion;
    v_changes waiting_event[] := '{}';
BEGIN
    PERFORM FROM promotion p WHERE p.id IN (SELECT u.promotion_id FROM promotion_use u WHERE u.order_id = ANY (p_orders))
    ORDER BY p.id FOR UPDATE;
    FOR v_use IN SELECT u.* FROM promotion_use u WHERE u.order_id = ANY (p_orders) ORDER BY u.promotion_id, u.order_id LOOP
        UPDATE promotion p SET used = p.used - 1, granted_minor = p.granted_minor - v_use.amount_minor, version = p.version + 1
        WHERE p.id = v_use.promotion_id RETURNING * INTO STRICT v_promotion;
        DELETE FROM promotion_use u WHERE u.promotion_id = v_use.promotion_id AND u.order_id = v_use.order_id;
        v_changes := v_changes || promotion_event(array_position(p_orders, v_use.order_id), v_promotion,
                                                      'promotions.promotion_returned.v1', v_use.order_id, v_use.person_id,
                                                      v_use.amount_minor);
    END LOOP;
    RETURN v_changes;
END $$;

-- The same at once, for an order of which nothing is to be sent any more; shard → the last position.
CREATE OR REPLACE FUNCTION promotions_give_back_now(p_order uuid, p_metadata bytea) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_changes waiting_event[] := promotions_give_back(ARRAY[p_order]);
BEGIN
    RETURN CASE WHEN v_changes = '{}' THEN '{}'::jsonb ELSE
        (SELECT jsonb_object_agg(a.shard, a.at)
         FROM (SELECT shard, max(at) AS at FROM event_append_waiting(v_changes, p_metadata) GROUP BY shard) AS a) END;
END $$;
