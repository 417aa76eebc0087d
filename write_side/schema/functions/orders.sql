-- Placing and settling orders: each is ONE call that spans contexts through their functions, in one transaction, for an
-- array of commands, and answers each on its own. Python has decided all it can read (write_side/orders/domain.py) and
-- sends the very bytes of the events; here is what only the rows know. Rows are filled from the events themselves.

-- Step 1 of placing: may this command go on? `new`, or what to answer instead:
--   in_flight, key_reused, replayed   by the Idempotency-Key
--   placed                            this quote was ordered already, under another key: {order_id}
--   cart_ordered, cart_changed        the cart is no longer what the quote was made for: {cart_version}
CREATE OR REPLACE FUNCTION orders_admit(
    p_command jsonb, OUT outcome text, OUT answer bytea, OUT positions jsonb, OUT facts jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_order uuid;
    v_cart record;
BEGIN
    facts := '{}';
    SELECT b.outcome, b.answer, b.positions INTO outcome, answer, positions
    FROM idempotency_begin(p_command ->> 'actor', p_command ->> 'route', p_command ->> 'key',
                           decode(p_command ->> 'request_hash', 'hex')) AS b;
    IF outcome <> 'new' THEN
        RETURN;
    END IF;
    -- The cart's lock lets one order through per cart; whoever waited here sees that order below.
    SELECT c.version, c.order_id INTO v_cart FROM carts_lock((p_command ->> 'cart_id')::uuid) AS c;
    SELECT o.id INTO v_order FROM customer_order o WHERE o.quote_id = (p_command ->> 'quote_id')::uuid;
    IF v_order IS NOT NULL THEN
        outcome := 'placed';
        facts := jsonb_build_object('order_id', v_order);
    ELSIF v_cart.order_id IS NOT NULL THEN
        outcome := 'cart_ordered';
    ELSIF v_cart.version <> (p_command ->> 'cart_version')::bigint THEN
        outcome := 'cart_changed';
        facts := jsonb_build_object('cart_version', v_cart.version);
    END IF;
END $$;

-- Step 2: the rows of an order, as its `OrderPlaced` says, and its payment.
CREATE OR REPLACE FUNCTION orders_insert(p_command jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_placed jsonb := (p_command ->> 'placed')::jsonb;
    v_order uuid := (v_placed ->> 'order_id')::uuid;
BEGIN
    INSERT INTO customer_order (id, number, quote_id, cart_id, payment_id, person_id, mail, address, country, currency,
                                lines_minor, shipping_minor, tax_minor, total_minor, state, expires_at, version)
    SELECT v_order, p.number, p.quote_id, p.cart_id, p.payment_id, p.person_id, p.mail, p.address, p.country, t.currency,
           t.lines_minor, t.shipping_minor, t.tax_minor, t.total_minor, 'pending_payment', p.expires_at, 1
    FROM jsonb_to_record(v_placed) AS p(number text, quote_id uuid, cart_id uuid, payment_id uuid, person_id uuid,
                                        mail text, address text, country text, expires_at timestamptz),
         jsonb_to_record(v_placed -> 'totals') AS t(currency text, lines_minor bigint, shipping_minor bigint,
                                                    tax_minor bigint, total_minor bigint);
    INSERT INTO order_line (order_id, n, sku, product_id, variant_id, name, quantity, unit_price_minor, total_minor, tax_minor)
    SELECT v_order, l.n, l.line ->> 'sku', (l.line ->> 'product_id')::uuid, (l.line ->> 'variant_id')::uuid,
           l.line ->> 'name', (l.line ->> 'quantity')::integer, (l.line ->> 'unit_price_minor')::bigint,
           (l.line ->> 'total_minor')::bigint, (l.line ->> 'tax_minor')::bigint
    FROM jsonb_array_elements(v_placed -> 'lines') WITH ORDINALITY AS l(line, n);
    INSERT INTO order_allocation (order_id, n, item_id, sku, warehouse, quantity)
    SELECT v_order, a.n, (p_command -> 'item_ids' ->> (a.n - 1)::integer)::uuid, a.one ->> 'sku',
           a.one ->> 'warehouse', (a.one ->> 'quantity')::integer
    FROM jsonb_array_elements(v_placed -> 'allocations') WITH ORDINALITY AS a(one, n);
    PERFORM payments_request((p_command ->> 'payment_requested')::jsonb);
END $$;

-- Step 3: hold the stock of the orders just inserted, as late as possible: from here to the commit others wait for the
-- stock rows. Answers what waits to be appended; a command that lost has its rows taken back and leaves its refusals.
CREATE OR REPLACE FUNCTION orders_reserve(
    p_command integer[], p_order uuid[], OUT changes stock_change[], OUT refusals jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_lost uuid[];
BEGIN
    SELECT r.changes, r.refusals INTO changes, refusals
    FROM (SELECT array_agg(c.command ORDER BY c.command, a.n) AS commands, array_agg(a.order_id ORDER BY c.command, a.n) AS orders,
                 array_agg(a.item_id ORDER BY c.command, a.n) AS items, array_agg(a.quantity ORDER BY c.command, a.n) AS quantities
          FROM unnest(p_command, p_order) AS c(command, order_id) JOIN order_allocation a ON a.order_id = c.order_id) AS d,
         inventory_reserve(d.commands, d.orders, d.items, d.quantities, p_for_order => true) AS r;
    SELECT array_agg(c.order_id) INTO v_lost FROM unnest(p_command, p_order) AS c(command, order_id)
    WHERE c.command IN (SELECT (l ->> 'command')::integer FROM jsonb_array_elements(refusals) AS l);
    PERFORM payments_forget(v_lost);
    DELETE FROM customer_order o WHERE o.id = ANY (v_lost);
END $$;

-- Step 4: the events of one placed order, last of all; answers where they stand.
CREATE OR REPLACE FUNCTION orders_append_placed(p_command jsonb, p_changes stock_change[]) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_metadata bytea := convert_to(p_command ->> 'metadata', 'UTF8');
    v_order uuid := (p_command ->> 'order_id')::uuid;
    v_cart uuid := (p_command ->> 'cart_id')::uuid;
    v_cart_version bigint := carts_order(v_cart, v_order);
    v_shards smallint[];
    v_at bigint[];
BEGIN
    SELECT array_agg(a.shard), array_agg(a.at) INTO v_shards, v_at FROM inventory_append(p_changes, v_metadata) AS a;
    SELECT v_shards || array_agg(a.shard), v_at || array_agg(a.at) INTO v_shards, v_at
    FROM event_append_all(
        ARRAY['order', 'payment', 'cart'],
        ARRAY[v_order, (p_command ->> 'payment_id')::uuid, v_cart],
        ARRAY[1, 1, v_cart_version],
        ARRAY['order:' || v_order, 'order:' || v_order, 'cart:' || v_cart],
        ARRAY[uuid_v7(), uuid_v7(), uuid_v7()],
        ARRAY['orders.order_placed.v1', 'payments.payment_requested.v1', 'carts.cart_ordered.v1'],
        ARRAY[convert_to(p_command ->> 'placed', 'UTF8'), convert_to(p_command ->> 'payment_requested', 'UTF8'),
              convert_to(p_command ->> 'cart_ordered', 'UTF8')],
        v_metadata) AS a;
    RETURN positions_of(v_shards, v_at);
END $$;

-- Places orders. Each command: actor, route, key, request_hash (hex), order_id, quote_id, cart_id, cart_version,
-- payment_id, item_ids (of the stock items, one per allocation), and as text the exact JSON of its events `placed`,
-- `payment_requested`, `cart_ordered`, of its `answer` and of its `metadata`. No quote may occur twice in one call.
-- Answers one row per command, in order: `done`, what `orders_admit` says, or `out_of_stock` with the lines that lack.
CREATE OR REPLACE FUNCTION orders_place(p_commands jsonb)
RETURNS TABLE (outcome text, answer bytea, positions jsonb, facts jsonb) LANGUAGE plpgsql AS $$
DECLARE
    i integer;
    v_command jsonb;
    v_admission record;
    v_stock record;
    v_admitted integer[] := '{}';
    v_orders uuid[] := '{}';
    v_outcome text[] := '{}';
    v_answer bytea[] := '{}';
    v_positions jsonb[] := '{}';
    v_facts jsonb[] := '{}';
BEGIN
    FOR i IN 1 .. jsonb_array_length(p_commands) LOOP
        v_command := p_commands -> (i - 1);
        SELECT * INTO v_admission FROM orders_admit(v_command);
        v_outcome[i] := v_admission.outcome;
        v_answer[i] := v_admission.answer;
        v_positions[i] := v_admission.positions;
        v_facts[i] := v_admission.facts;
        IF v_outcome[i] = 'new' THEN
            PERFORM orders_insert(v_command);
            v_admitted := v_admitted || i;
            v_orders := v_orders || (v_command ->> 'order_id')::uuid;
        END IF;
    END LOOP;
    IF v_admitted <> '{}' THEN
        SELECT r.changes, r.refusals INTO v_stock FROM orders_reserve(v_admitted, v_orders) AS r;
    END IF;
    FOREACH i IN ARRAY v_admitted LOOP
        v_command := p_commands -> (i - 1);
        v_facts[i] := (SELECT coalesce(jsonb_agg(l), '[]')
                       FROM jsonb_array_elements(v_stock.refusals) AS l WHERE (l ->> 'command')::integer = i);
        IF v_facts[i] <> '[]' THEN
            v_outcome[i] := 'out_of_stock';
            CONTINUE;
        END IF;
        v_outcome[i] := 'done';
        v_answer[i] := convert_to(v_command ->> 'answer', 'UTF8');
        v_positions[i] := orders_append_placed(v_command, ARRAY(SELECT c FROM unnest(v_stock.changes) AS c WHERE (c).command = i));
        PERFORM idempotency_keep(v_command ->> 'actor', v_command ->> 'route', v_command ->> 'key',
                                 decode(v_command ->> 'request_hash', 'hex'), v_answer[i], v_positions[i]);
    END LOOP;
    RETURN QUERY SELECT * FROM unnest(v_outcome, v_answer, v_positions, v_facts);
END $$;

-- What an order's stock becomes when it is settled: `deduct` (paid), `release` (it was never paid), or `return` (paid,
-- but cancelled before the money was captured). Orders in the order of their ids, for `return` only one.
CREATE OR REPLACE FUNCTION orders_settle_stock(p_stock text, p_reason text, p_orders uuid[]) RETURNS stock_change[]
LANGUAGE plpgsql AS $$
DECLARE
    v_changes stock_change[];
BEGIN
    IF p_stock <> 'return' THEN
        v_changes := inventory_settle(p_orders, p_stock = 'deduct', p_reason);
        IF cardinality(v_changes) <> (SELECT count(*) FROM order_allocation a WHERE a.order_id = ANY (p_orders)) THEN
            -- what is not held can't be sold: an alarm is better than one lamp for two
            RAISE EXCEPTION 'the stock of orders % is not all reserved', p_orders USING ERRCODE = 'DB002';
        END IF;
        RETURN v_changes;
    END IF;
    RETURN (
        SELECT m.changes
        FROM (SELECT array_agg(a.item_id ORDER BY a.n) AS items, array_agg(a.quantity ORDER BY a.n) AS quantities,
                     array_agg(jsonb_build_object('reservation_id', a.order_id, 'quantity', a.quantity, 'reason', p_reason)
                               ORDER BY a.n) AS facts
              FROM order_allocation a WHERE a.order_id = p_orders[1]) AS back,
             inventory_move(back.items, back.quantities, 'inventory.stock_returned.v1', back.facts) AS m);
END $$;

-- Ends the waiting of orders: confirmed, cancelled or expired, together with their payments and their stock. The caller
-- holds the locks of order and payment and has decided under them. Each command: order_id, state, payment_id,
-- payment_state, todo, and as text the exact JSON of `order_event`, `payment_event` and `metadata`, with
-- `order_event_type` and `payment_event_type`; sorted by order_id. Answers the positions of each.
CREATE OR REPLACE FUNCTION orders_settle(p_stock text, p_reason text, p_commands jsonb)
RETURNS TABLE (positions jsonb) LANGUAGE plpgsql AS $$
DECLARE
    v_count integer := jsonb_array_length(p_commands);
    v_command jsonb;
    v_orders uuid[] := '{}';
    v_version bigint;
    v_order_version bigint[] := '{}';
    v_payment_version bigint[] := '{}';
    v_changes stock_change[];
BEGIN
    FOR i IN 1 .. v_count LOOP
        v_command := p_commands -> (i - 1);
        v_orders[i] := (v_command ->> 'order_id')::uuid;
        v_payment_version[i] := payments_move((v_command ->> 'payment_id')::uuid, v_command ->> 'payment_state',
                                              v_command ->> 'todo');
        UPDATE customer_order o SET state = v_command ->> 'state', closing_reason = nullif(p_reason, ''),
                                    deducted = (p_stock = 'deduct'), version = o.version + 1
        WHERE o.id = v_orders[i] RETURNING o.version INTO STRICT v_version;
        v_order_version[i] := v_version;
    END LOOP;
    v_changes := orders_settle_stock(p_stock, p_reason, v_orders);
    FOR i IN 1 .. v_count LOOP
        positions := orders_append_settled(p_commands -> (i - 1), v_payment_version[i], v_order_version[i],
            ARRAY(SELECT c FROM unnest(v_changes) AS c WHERE v_count = 1 OR (c).command = i));
        RETURN NEXT;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION orders_append_settled(
    p_command jsonb, p_payment_version bigint, p_order_version bigint, p_changes stock_change[]
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_metadata bytea := convert_to(p_command ->> 'metadata', 'UTF8');
    v_key text := 'order:' || (p_command ->> 'order_id');
    v_shards smallint[];
    v_at bigint[];
BEGIN
    SELECT array_agg(a.shard), array_agg(a.at) INTO v_shards, v_at FROM inventory_append(p_changes, v_metadata) AS a;
    SELECT v_shards || array_agg(a.shard), v_at || array_agg(a.at) INTO v_shards, v_at
    FROM event_append_all(
        ARRAY['payment', 'order'],
        ARRAY[(p_command ->> 'payment_id')::uuid, (p_command ->> 'order_id')::uuid],
        ARRAY[p_payment_version, p_order_version],
        ARRAY[v_key, v_key],
        ARRAY[uuid_v7(), uuid_v7()],
        ARRAY[p_command ->> 'payment_event_type', p_command ->> 'order_event_type'],
        ARRAY[convert_to(p_command ->> 'payment_event', 'UTF8'), convert_to(p_command ->> 'order_event', 'UTF8')],
        v_metadata) AS a;
    RETURN positions_of(v_shards, v_at);
END $$;
