-- Credit as other contexts see it. Only these functions and write_side/invoices/store.py name its tables.
--
-- Credit is reserved like stock: the row of the account says how much of it is used, its lock decides among those who want
-- the last of it, and a CHECK stands behind it. It is locked after gift cards and ahead of stock.

CREATE OR REPLACE FUNCTION invoices_credits(p_accounts uuid[]) RETURNS SETOF credit LANGUAGE sql STABLE AS $$
    SELECT c.* FROM credit c WHERE c.id = ANY (p_accounts)
$$;

-- Which of these commands can't have what they claim, or not in this currency any more; rows (command, account, amount,
-- currency) in parallel arrays. The credits are held from here on, in the order of their ids: whoever is not refused gets
-- it by `invoices_take`.
CREATE OR REPLACE FUNCTION invoices_admit(p_command integer[], p_account uuid[], p_amount bigint[], p_currency text[])
RETURNS integer[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM credit c WHERE c.id = ANY (p_account) ORDER BY c.id FOR UPDATE;
    RETURN ARRAY(
        SELECT l.command
        FROM (SELECT a.*, sum(a.amount) OVER (PARTITION BY a.account ORDER BY a.command) AS so_much
              FROM unnest(p_command, p_account, p_amount, p_currency) AS a(command, account, amount, currency)) AS l
        JOIN credit c ON c.id = l.account
        WHERE c.used_minor + l.so_much > c.limit_minor OR c.currency <> l.currency);
END $$;

-- Takes (or, less than nothing, frees) credit for orders; answers the events that wait to be appended.
CREATE OR REPLACE FUNCTION invoices_take(p_command integer[], p_order uuid[], p_account uuid[], p_amount bigint[])
RETURNS waiting_event[] LANGUAGE plpgsql AS $$
DECLARE
    v_line record;
    v_credit credit;
    v_type text;
    v_changes waiting_event[] := '{}';
BEGIN
    PERFORM FROM credit c WHERE c.id = ANY (p_account) ORDER BY c.id FOR UPDATE;
    FOR v_line IN SELECT * FROM unnest(p_command, p_order, p_account, p_amount) AS l(command, ordered, account, amount)
                  ORDER BY account, command LOOP
        UPDATE credit c SET used_minor = c.used_minor + v_line.amount, version = c.version + 1
        WHERE c.id = v_line.account RETURNING * INTO STRICT v_credit;
        IF v_line.amount > 0 THEN
            v_type := 'invoices.credit_used.v1';
            INSERT INTO credit_use (account_id, order_id, amount_minor) VALUES (v_line.account, v_line.ordered, v_line.amount);
        ELSE
            v_type := 'invoices.credit_freed.v1';
            DELETE FROM credit_use u WHERE u.order_id = v_line.ordered AND u.amount_minor = -v_line.amount;
            IF NOT FOUND THEN  -- it holds more; if less, the CHECK refuses
                UPDATE credit_use u SET amount_minor = u.amount_minor + v_line.amount WHERE u.order_id = v_line.ordered;
            END IF;
        END IF;
        v_changes := v_changes || (
            v_line.command, 'credit', v_credit.id, 'account:' || v_credit.id, v_credit.version, v_type,
            convert_to(jsonb_build_object('type', v_type, 'account_id', v_credit.id, 'order_id', v_line.ordered,
                                          'amount_minor', abs(v_line.amount), 'used_minor', v_credit.used_minor)::text,
                       'UTF8'))::waiting_event;
    END LOOP;
    RETURN v_changes;
END $$;

-- Frees all that orders took which were cancelled or expired. `command`: the place of the order in `p_orders`.
CREATE OR REPLACE FUNCTION invoices_give_back(p_orders uuid[]) RETURNS waiting_event[] LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT invoices_take(array_agg(array_position(p_orders, u.order_id)), array_agg(u.order_id),
                                 array_agg(u.account_id), array_agg(-u.amount_minor))
            FROM credit_use u WHERE u.order_id = ANY (p_orders) HAVING count(*) > 0);
END $$;

-- Whether something of this order's invoice is still to be paid. What is owed back counts for nothing here: it is paid by
-- hand, and nobody tells us that it was.
CREATE OR REPLACE FUNCTION invoices_open(p_order uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM invoice i WHERE i.order_id = p_order AND i.amount_minor - i.credited_minor > i.paid_minor)
$$;

-- Those of these orders whose invoice is still to be paid.
CREATE OR REPLACE FUNCTION invoices_open_among(p_orders uuid[]) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(i.order_id) FROM invoice i
    WHERE i.order_id = ANY (p_orders) AND i.amount_minor - i.credited_minor > i.paid_minor
$$;
