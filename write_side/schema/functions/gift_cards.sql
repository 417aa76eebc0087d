-- Gift cards as other contexts see them. Only these functions and write_side/gift_cards/store.py name their tables.
--
-- What an order is to take of one is reserved like stock: the card's row says what is left, its lock decides among those
-- who want the last of it, and a CHECK stands behind it. Gift cards are locked after promotions and ahead of stock.

CREATE OR REPLACE FUNCTION gift_cards_named(p_cards uuid[]) RETURNS SETOF gift_card LANGUAGE sql STABLE AS $$
    SELECT g.* FROM gift_card g WHERE g.id = ANY (p_cards)
$$;

-- Which of these commands can't have what they claim; rows (command, card, amount) in parallel arrays. The cards are held
-- from here on, in the order of their ids: whoever is not refused gets it by `gift_cards_take`.
CREATE OR REPLACE FUNCTION gift_cards_admit(p_command integer[], p_card uuid[], p_amount bigint[]) RETURNS integer[]
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM gift_card g WHERE g.id = ANY (p_card) ORDER BY g.id FOR UPDATE;
    RETURN ARRAY(
        SELECT DISTINCT l.command
        FROM (SELECT c.*, sum(c.amount) OVER (PARTITION BY c.card ORDER BY c.command) AS so_much
              FROM unnest(p_command, p_card, p_amount) AS c(command, card, amount)) AS l
        JOIN gift_card g ON g.id = l.card
        WHERE g.state <> 'active' OR g.expires_at <= clock_timestamp() OR l.so_much > g.balance_minor);
END $$;

CREATE OR REPLACE FUNCTION gift_card_event(
    p_command integer, p_card gift_card, p_type text, p_order uuid, p_amount bigint, p_refund uuid
) RETURNS waiting_event LANGUAGE sql STABLE AS $$
    SELECT (p_command, 'gift_card', p_card.id, 'gift_card:' || p_card.id, p_card.version, p_type,
            convert_to(jsonb_strip_nulls(jsonb_build_object(
                'type', p_type, 'gift_card_id', p_card.id, 'order_id', p_order, 'amount_minor', p_amount,
                'balance_minor', p_card.balance_minor, 'refund_id', p_refund))::text, 'UTF8'))::waiting_event
$$;

-- Takes what was admitted, for orders; answers the events that wait to be appended.
CREATE OR REPLACE FUNCTION gift_cards_take(p_command integer[], p_order uuid[], p_card uuid[], p_amount bigint[])
RETURNS waiting_event[] LANGUAGE plpgsql AS $$
DECLARE
    v_line record;
    v_card gift_card;
    v_changes waiting_event[] := '{}';
BEGIN
    FOR v_line IN SELECT * FROM unnest(p_command, p_order, p_card, p_amount) AS l(command, ordered, card, amount)
                  ORDER BY card, command LOOP
        UPDATE gift_card g SET balance_minor = g.balance_minor - v_line.amount, version = g.version + 1
        WHERE g.id = v_line.card RETURNING * INTO STRICT v_card;
        INSERT INTO gift_card_use (gift_card_id, order_id, amount_minor) VALUES (v_line.card, v_line.ordered, v_line.amount);
        v_changes := v_changes || gift_card_event(v_line.command, v_card, 'gift_cards.gift_card_spent.v1',
                                                      v_line.ordered, v_line.amount, NULL);
    END LOOP;
    RETURN v_changes;
END $$;

-- Gives so much back of what an order holds of these cards; answers the events that wait to be appended.
CREATE OR REPLACE FUNCTION gift_cards_return(
    p_command integer[], p_order uuid[], p_card uuid[], p_amount bigint[], p_refund uuid
) RETURNS waiting_event[] LANGUAGE plpgsql AS $$
DECLARE
    v_line record;
    v_card gift_card;
    v_changes waiting_event[] := '{}';
BEGIN
    PERFORM FROM gift_card g WHERE g.id = ANY (p_card) ORDER BY g.id FOR UPDATE;
    FOR v_line IN SELECT * FROM unnest(p_command, p_order, p_card, p_amount) AS l(command, ordered, card, amount)
                  ORDER BY card, command LOOP
        DELETE FROM gift_card_use u
        WHERE u.gift_card_id = v_line.card AND u.order_id = v_line.ordered AND u.amount_minor = v_line.amount;
        IF NOT FOUND THEN  -- it holds more; if less, the CHECK refuses
            UPDATE gift_card_use u SET amount_minor = u.amount_minor - v_line.amount
            WHERE u.gift_card_id = v_line.card AND u.order_id = v_line.ordered;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'order % holds nothing of gift card %', v_line.ordered, v_line.card USING ERRCODE = 'DB002';
            END IF;
        END IF;
        UPDATE gift_card g SET balance_minor = g.balance_minor + v_line.amount, version = g.version + 1
        WHERE g.id = v_line.card RETURNING * INTO STRICT v_card;
        v_changes := v_changes || gift_card_event(v_line.command, v_card, 'gift_cards.gift_card_returned.v1',
                                                      v_line.ordered, v_line.amount, p_refund);
    END LOOP;
    RETURN v_changes;
END $$;

-- Gives back all that orders hold which were cancelled or expired. `command`: the place of the order in `p_orders`.
CREATE OR REPLACE FUNCTION gift_cards_give_back(p_orders uuid[]) RETURNS waiting_event[] LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT gift_cards_return(array_agg(array_position(p_orders, u.order_id)), array_agg(u.order_id),
                                     array_agg(u.gift_card_id), array_agg(u.amount_minor), NULL)
            FROM gift_card_use u WHERE u.order_id = ANY (p_orders) HAVING count(*) > 0);
END $$;
