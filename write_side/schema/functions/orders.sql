-- Placing and settling orders: each is ONE call that spans contexts through their functions, in one transaction, for an
-- array of commands, and answers each on its own. Python has decided all it can read (write_side/orders/domain.py) and
-- sends the very bytes of the events; here is what only the rows know. Rows are filled from the events themselves. Each
-- step is one statement for all commands, so that what an order costs falls with the number of those who buy at once.

-- How many of a bundle come back, or came, whole for each exchange of these orders: returns name what is in it.
CREATE OR REPLACE FUNCTION orders_bundles_back(p_orders uuid[], p_sku text)
RETURNS TABLE (replacement_id uuid, back bigint) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT e.replacement_id, least(b.quantity, min(e.back * b.quantity / part.quantity))::bigint
    FROM customer_order o
    CROSS JOIN LATERAL jsonb_to_recordset(o.bundles) AS b(sku text, quantity integer)
    CROSS JOIN LATERAL (SELECT l.sku, sum(l.quantity) AS quantity FROM order_line l
                        WHERE l.order_id = o.id AND l.bundle = p_sku GROUP BY l.sku) AS part
    CROSS JOIN LATERAL returns_exchanging(ARRAY[o.id], part.sku) AS e
    WHERE o.id = ANY (p_orders) AND b.sku = p_sku
    GROUP BY e.replacement_id, b.quantity;
END $$;

-- How many of a SKU a customer (the person whom limits count) has by orders that may still go through or did, of so many
-- days past (all, if NULL), and by what is held for exchanges, which are orders to be. What goes back for as many of the
-- same is not had twice. An order's id says when it was placed (UUIDv7), to the millisecond; one to be has had its own
-- since it was approved.
CREATE OR REPLACE FUNCTION orders_bought(p_customer uuid, p_sku text, p_days integer) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_after uuid := CASE WHEN p_days IS NULL THEN '00000000-0000-0000-0000-000000000000'
                         ELSE lpad(to_hex((extract(epoch FROM clock_timestamp() - make_interval(days => p_days)) * 1000)::bigint),
                                   12, '0') || '70008000000000000000' END;
    v_mine uuid[];
    v_ordered bigint;
BEGIN
    SELECT array_agg(DISTINCT o.id), coalesce(sum(l.quantity), 0)
    INTO v_mine, v_ordered
    -- Two look-ups, each by its index: most orders name nobody else, and stand in the first one alone.
    FROM (SELECT id, state, bundles FROM customer_order WHERE person_id = p_customer AND counted_as IS NULL
          UNION ALL SELECT id, state, bundles FROM customer_order WHERE counted_as = p_customer) AS o
    LEFT JOIN LATERAL (SELECT sku, quantity - gift_quantity AS quantity FROM order_line WHERE order_id = o.id
                       UNION ALL
                       SELECT b.sku, b.quantity
                       FROM jsonb_to_recordset(o.bundles) AS b(sku text, quantity integer)) AS l
           ON l.sku = p_sku AND o.id > v_after
    WHERE o.state NOT IN ('cancelled', 'expired');
    RETURN v_ordered + (
        SELECT coalesce(sum(CASE WHEN e.held THEN w.wished ELSE 0 END - least(w.wished, e.back + coalesce(b.back, 0))), 0)
        FROM returns_exchanging(v_mine, p_sku) AS e
             LEFT JOIN orders_bundles_back(v_mine, p_sku) AS b ON b.replacement_id = e.replacement_id,
             LATERAL (SELECT coalesce(sum(l.quantity - coalesce(l.gift_quantity, 0)), 0) AS wished
                      FROM quote q, jsonb_to_recordset(q.lines || q.bundles) AS l(sku text, quantity integer, gift_quantity integer)
                      WHERE q.id = e.quote_id AND l.sku = p_sku) AS w
        WHERE e.replacement_id > v_after AND (e.held OR e.replacement_id = ANY (v_mine)));
END $$;

-- Which of these orders were placed in exchange for goods that come back.
CREATE OR REPLACE FUNCTION orders_replacing_among(p_orders uuid[]) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(o.id) FROM customer_order o WHERE o.id = ANY (p_orders) AND o.replaces IS NOT NULL
$$;

-- What placing orders from these quotes is decided from, as JSON for Python to decide: in one call, so that all of it is
-- read in one snapshot (STABLE: that of the caller's statement) and nobody waits for eight answers one after the other.
-- `ordered`: those that are orders already. What only matters to the others isn't read for them.
CREATE OR REPLACE FUNCTION orders_look(
    p_quotes uuid[], OUT quotes json, OUT ordered uuid[], OUT carts json, OUT sold json,
    OUT prices json, OUT stock json, OUT around json, OUT promotions json, OUT uses json, OUT gates json, OUT limits json, OUT bought json,
    OUT gift_cards json, OUT credits json
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_carts uuid[];
    v_currencies text[];
    v_skus text[];
    v_codes text[] := '{}';
    v_accounts uuid[];  -- of those who may pay on credit
    v_coded boolean;
    v_gifted boolean;
    v_customers uuid[];
BEGIN
    SELECT json_agg(q), array_agg(q.id) FILTER (WHERE o.id IS NOT NULL), array_agg(q.cart_id),
           array_agg(DISTINCT q.totals ->> 'currency'), array_agg(q.account_id) FILTER (WHERE q.payment_method <> 'card'),
           bool_or(q.codes <> '{}'), bool_or(q.gift_cards <> '[]'),
           array_agg(DISTINCT coalesce(q.counted_as, q.person_id))
    INTO quotes, ordered, v_carts, v_currencies, v_accounts, v_coded, v_gifted, v_customers
    FROM quote q LEFT JOIN customer_order o ON o.quote_id = q.id WHERE q.id = ANY (p_quotes);
    v_skus := ARRAY(SELECT DISTINCT l ->> 'sku' FROM quote q, jsonb_array_elements(q.lines || q.bundles) AS l
                    WHERE q.id = ANY (p_quotes) AND q.id <> ALL (coalesce(ordered, '{}')));
    SELECT json_agg(json_build_array(h.id, h.secret_sha256, h.version, h.order_id)) INTO carts FROM carts_heads(v_carts) AS h;
    SELECT json_agg(s) INTO sold FROM catalog_sold(v_skus) AS s;
    prices := pricing_book(v_skus, v_currencies);
    SELECT json_agg(i) INTO stock FROM inventory_items(v_skus) AS i;
    -- Any pass will do: whoever was quoted while theirs was good is not sent back to the line while they type.
    SELECT json_agg(json_build_array(g.sku, g.sale_id, g.carts)) INTO gates FROM sales_gates(v_skus, v_carts, '-infinity') AS g;
    SELECT json_agg(l) INTO limits FROM inventory_limits(v_skus) AS l;
    IF limits IS NOT NULL THEN
        SELECT json_agg(json_build_array(q.customer, l.sku, orders_bought(q.customer, l.sku, l.window_days))) INTO bought
        FROM unnest(v_customers) AS q(customer), inventory_limits(v_skus) AS l
        WHERE l.most_per_customer IS NOT NULL;
    END IF;
    IF v_gifted THEN
        SELECT json_agg(g) INTO gift_cards
        FROM gift_cards_named(ARRAY(SELECT (g ->> 'gift_card_id')::uuid FROM quote q, jsonb_array_elements(q.gift_cards) AS g
                                    WHERE q.id = ANY (p_quotes))) AS g;
    END IF;
    IF v_accounts IS NOT NULL THEN
        SELECT json_agg(c) INTO credits FROM invoices_credits(v_accounts) AS c;
    END IF;
    IF v_coded THEN
        v_codes := ARRAY(SELECT DISTINCT unnest(q.codes) FROM quote q WHERE q.id = ANY (p_quotes));
    END IF;
    SELECT json_agg(p) INTO promotions FROM promotions_offered(v_codes) AS p;
    IF promotions IS NOT NULL THEN
        SELECT json_agg(json_build_array(u.promotion_id, u.person_id, u.n)) INTO uses
        FROM promotions_uses(ARRAY(SELECT (p ->> 'id')::uuid FROM json_array_elements(promotions) AS p),
                             v_customers) AS u;
        IF promotions_by_category(promotions) THEN
            SELECT json_agg(json_build_array(c.sku, c.categories)) INTO around FROM catalog_around(v_skus) AS c;
        END IF;
    END IF;
END $$;

-- Step 1 of placing: may these commands go on? For each `new`, or what to answer instead:
--   in_flight, key_reused, replayed   by the Idempotency-Key
--   placed                            this quote was ordered already, under another key: {order_id}
--   cart_ordered, cart_changed        the cart is no longer what the quote was made for: {cart_version}
CREATE OR REPLACE FUNCTION orders_admit(
    p_commands jsonb, OUT outcome text[], OUT answer bytea[], OUT positions jsonb[], OUT facts jsonb[]
) LANGUAGE plpgsql AS $$
DECLARE
    v_carts uuid[];
BEGIN
    SELECT b.outcome, b.answer, b.positions, c.carts INTO outcome, answer, positions, v_carts
    FROM (SELECT array_agg(t.c ->> 'actor' ORDER BY t.n) AS actors, array_agg(t.c ->> 'route' ORDER BY t.n) AS routes,
                 array_agg(t.c ->> 'key' ORDER BY t.n) AS keys,
                 array_agg(decode(t.c ->> 'request_hash', 'hex') ORDER BY t.n) AS hashes,
                 array_agg((t.c ->> 'cart_id')::uuid ORDER BY t.n) AS carts
          FROM jsonb_array_elements(p_commands) WITH ORDINALITY AS t(c, n)) AS c,
         idempotency_begin(c.actors, c.routes, c.keys, c.hashes) AS b;
    -- The cart's lock lets one order through per cart; whoever waited here sees that order below.
    PERFORM carts_lock(v_carts);
    SELECT array_agg(CASE WHEN outcome[t.n] <> 'new' THEN outcome[t.n]
                          WHEN o.id IS NOT NULL THEN 'placed'
                          WHEN h.order_id IS NOT NULL THEN 'cart_ordered'
                          WHEN h.version <> (t.c ->> 'cart_version')::bigint THEN 'cart_changed'
                          WHEN q.mail = '' THEN 'cart_changed'  -- its person was erased, under the same lock
                          ELSE 'new' END ORDER BY t.n),
           array_agg(CASE WHEN outcome[t.n] <> 'new' THEN '{}'
                          WHEN o.id IS NOT NULL THEN jsonb_build_object('order_id', o.id)
                          ELSE jsonb_build_object('cart_version', h.version) END ORDER BY t.n)
    INTO outcome, facts
    -- LATERAL and LIMIT, so that each is looked up by its index: a join is planned once for a hundred commands and reads
    -- the whole index of all orders there ever were.
    FROM jsonb_array_elements(p_commands) WITH ORDINALITY AS t(c, n)
    CROSS JOIN LATERAL (SELECT (t.c ->> 'quote_id')::uuid AS quote_id OFFSET 0) AS a
    LEFT JOIN LATERAL (SELECT x.id FROM customer_order x WHERE x.quote_id = a.quote_id LIMIT 1) AS o ON true
    LEFT JOIN LATERAL (SELECT x.mail FROM quote x WHERE x.id = a.quote_id LIMIT 1) AS q ON true
    LEFT JOIN carts_heads(v_carts) h ON h.id = (t.c ->> 'cart_id')::uuid;
END $$;

-- The outcomes with this one for those who are refused, if any are.
CREATE OR REPLACE FUNCTION orders_refused(p_outcome text[], p_refused integer[], p_code text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_refused IS NULL OR p_refused = '{}' THEN
        RETURN p_outcome;
    END IF;
    RETURN ARRAY(SELECT CASE WHEN n = ANY (p_refused) THEN p_code ELSE o END
                 FROM unnest(p_outcome) WITH ORDINALITY AS t(o, n) ORDER BY n);
END $$;

-- Which promotions these commands claim a use of, and how much of the budget.
CREATE OR REPLACE FUNCTION orders_claims(p_commands jsonb, p_of integer[])
RETURNS TABLE (command integer, ordered uuid, customer uuid, promotion uuid, amount bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT i, (c ->> 'order_id')::uuid, (c ->> 'customer')::uuid, (p ->> 'promotion_id')::uuid, (p ->> 'amount_minor')::bigint
    FROM unnest(p_of) AS i, LATERAL (SELECT p_commands -> (i - 1)) AS t(c), jsonb_array_elements(c -> 'claims') AS p
    ORDER BY 1
$$;

-- Step 1b: holds the promotions whose uses are limited; those who can't have one get `discount_gone`.
CREATE OR REPLACE FUNCTION orders_admit_claims(p_commands jsonb, p_outcome text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    v_refused integer[];
BEGIN
    SELECT promotions_admit(array_agg(l.command), array_agg(l.customer), array_agg(l.promotion), array_agg(l.amount))
    INTO v_refused
    FROM orders_claims(p_commands, array_positions(p_outcome, 'new')) AS l
    HAVING count(*) > 0;
    RETURN orders_refused(p_outcome, v_refused, 'discount_gone');
END $$;

-- Step 3b: whoever has the stock takes the uses that were held for them.
CREATE OR REPLACE FUNCTION orders_take_claims(p_commands jsonb, p_done integer[]) RETURNS waiting_event[]
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT promotions_take(array_agg(l.command), array_agg(l.ordered), array_agg(l.customer), array_agg(l.promotion),
                                   array_agg(l.amount))
            FROM orders_claims(p_commands, p_done) AS l HAVING count(*) > 0);
END $$;

-- Whoever decides what these customers may still have of what is limited waits here for whoever does so now.
CREATE OR REPLACE FUNCTION orders_hold_limits(p_customers uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(l.id)
    FROM (SELECT DISTINCT hashtextextended('purchase limits of ' || customer, 0) AS id FROM unnest(p_customers) AS customer
          ORDER BY 1) AS l;
END $$;

-- Step 1c: those whose customers would have more than they may get `limit_reached`. Orders of one customer wait for one
-- another here, and only where something in them is limited: `counted` is SKU → quantity.
CREATE OR REPLACE FUNCTION orders_admit_limits(p_commands jsonb, p_outcome text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    v_counted record;
    v_refused integer[];
BEGIN
    SELECT array_agg(i) AS commands, array_agg((c ->> 'customer')::uuid) AS customers, array_agg(w.key) AS skus,
           array_agg(w.value::integer) AS quantities
    INTO v_counted
    FROM unnest(array_positions(p_outcome, 'new')) AS i, LATERAL (SELECT p_commands -> (i - 1)) AS t(c),
         jsonb_each_text(c -> 'counted') AS w;
    IF v_counted.commands IS NULL THEN
        RETURN p_outcome;
    END IF;
    PERFORM orders_hold_limits(v_counted.customers);
    -- A statement of its own: it sees the orders of whoever held the lock before.
    v_refused := ARRAY(
        SELECT DISTINCT w.command
        FROM (SELECT c.*, sum(c.quantity) OVER (PARTITION BY c.customer, c.sku ORDER BY c.command) AS so_many
              FROM unnest(v_counted.commands, v_counted.customers, v_counted.skus, v_counted.quantities)
                   AS c(command, customer, sku, quantity)) AS w
        JOIN inventory_limits(v_counted.skus) AS l ON l.sku = w.sku
        WHERE w.so_many + orders_bought(w.customer, w.sku, l.window_days) > l.most_per_customer);
    RETURN orders_refused(p_outcome, v_refused, 'limit_reached');
END $$;

-- What these commands take of gift cards.
CREATE OR REPLACE FUNCTION orders_gifts(p_commands jsonb, p_of integer[])
RETURNS TABLE (command integer, ordered uuid, card uuid, amount bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT i, (c ->> 'order_id')::uuid, (g ->> 'gift_card_id')::uuid, (g ->> 'amount_minor')::bigint
    FROM unnest(p_of) AS i, LATERAL (SELECT p_commands -> (i - 1)) AS t(c), jsonb_array_elements(c -> 'gift_cards') AS g
    ORDER BY 1
$$;

-- Step 1d: holds the gift cards; those whom one does not pay any more what they claim get `gift_card_gone`.
CREATE OR REPLACE FUNCTION orders_admit_gifts(p_commands jsonb, p_outcome text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    v_refused integer[];
BEGIN
    SELECT gift_cards_admit(array_agg(l.command), array_agg(l.card), array_agg(l.amount)) INTO v_refused
    FROM orders_gifts(p_commands, array_positions(p_outcome, 'new')) AS l
    HAVING count(*) > 0;
    RETURN orders_refused(p_outcome, v_refused, 'gift_card_gone');
END $$;

-- Step 3c: whoever has the stock takes what was held for them.
CREATE OR REPLACE FUNCTION orders_take_gifts(p_commands jsonb, p_done integer[]) RETURNS waiting_event[]
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT gift_cards_take(array_agg(l.command), array_agg(l.ordered), array_agg(l.card), array_agg(l.amount))
            FROM orders_gifts(p_commands, p_done) AS l HAVING count(*) > 0);
END $$;

-- What these commands take of accounts' credit.
CREATE OR REPLACE FUNCTION orders_credits(p_commands jsonb, p_of integer[])
RETURNS TABLE (command integer, ordered uuid, account uuid, amount bigint, currency text) LANGUAGE sql IMMUTABLE AS $$
    SELECT i, (c ->> 'order_id')::uuid, (c ->> 'account_id')::uuid, (c ->> 'credit_minor')::bigint, c ->> 'currency'
    FROM unnest(p_of) AS i, LATERAL (SELECT p_commands -> (i - 1)) AS t(c)
    WHERE (c ->> 'credit_minor')::bigint > 0
    ORDER BY 1
$$;

-- Step 1e: holds the credit; those who want more of it than is left, or in another currency, get `credit_gone`.
CREATE OR REPLACE FUNCTION orders_admit_credits(p_commands jsonb, p_outcome text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    v_refused integer[];
BEGIN
    SELECT invoices_admit(array_agg(l.command), array_agg(l.account), array_agg(l.amount), array_agg(l.currency))
    INTO v_refused
    FROM orders_credits(p_commands, array_positions(p_outcome, 'new')) AS l
    HAVING count(*) > 0;
    RETURN orders_refused(p_outcome, v_refused, 'credit_gone');
END $$;

-- Step 3d: whoever has the stock takes the credit that was held for them.
CREATE OR REPLACE FUNCTION orders_take_credits(p_commands jsonb, p_done integer[]) RETURNS waiting_event[]
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT invoices_take(array_agg(l.command), array_agg(l.ordered), array_agg(l.account), array_agg(l.amount))
            FROM orders_credits(p_commands, p_done) AS l HAVING count(*) > 0);
END $$;

-- Step 2: the rows of the orders, as each `OrderPlaced` says, and their payments. Of `p_commands` those at `p_new`.
CREATE OR REPLACE FUNCTION orders_insert(p_commands jsonb, p_new integer[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_placed jsonb[] := ARRAY(SELECT (p_commands -> (i - 1) ->> 'placed')::jsonb FROM unnest(p_new) AS i);
BEGIN
    INSERT INTO customer_order (id, number, quote_id, cart_id, payment_id, person_id, mail, address, country, currency,
                                lines_minor, shipping_minor, discount_minor, tax_minor, total_minor, discounts, state,
                                expires_at, version, account_id, shipping, taxes, duties_due, gift_cards, gift_minor,
                                replaces, credit_minor, bundles, adds_to, counted_as, locale, names)
    SELECT p.order_id, p.number, p.quote_id, p.cart_id, p.payment_id, p.person_id, p.mail, p.address, p.country,
           t.currency, t.lines_minor, t.shipping_minor, coalesce(t.discount_minor, 0), t.tax_minor, t.total_minor,
           coalesce(p.discounts, '[]'), 'pending_payment', p.expires_at, 1, p.account_id, p.shipping,
           coalesce(p.taxes, '[]'), coalesce(p.duties_due, false), coalesce(p.gift_cards, '[]'),
           (SELECT coalesce(sum((g ->> 'amount_minor')::bigint), 0) FROM jsonb_array_elements(p.gift_cards) AS g),
           p.replaces, (SELECT coalesce(sum((g ->> 'amount_minor')::bigint), 0) FROM jsonb_array_elements(p.replaces -> 'credits') AS g),
           coalesce(p.bundles, '[]'), p.adds_to, p.counted_as, coalesce(p.locale, ''), coalesce(p.names, '{}')
    FROM unnest(v_placed) AS placed,
         jsonb_to_record(placed) AS p(order_id uuid, number text, quote_id uuid, cart_id uuid, payment_id uuid,
                                      person_id uuid, mail text, address text, country text, expires_at timestamptz,
                                      totals jsonb, discounts jsonb, account_id uuid, shipping jsonb,
                                      taxes jsonb, duties_due boolean, gift_cards jsonb,
                                      replaces jsonb, bundles jsonb, adds_to uuid, counted_as uuid,
                                      locale text, names jsonb),
         jsonb_to_record(p.totals) AS t(currency text, lines_minor bigint, shipping_minor bigint, discount_minor bigint,
                                        tax_minor bigint, total_minor bigint);
    INSERT INTO order_line (order_id, n, sku, product_id, variant_id, name, quantity, unit_price_minor, total_minor,
                            discount_minor, tax_minor, price_list_id, from_quantity, tax_included, included_tax_minor,
                            gift_quantity, gift_card, bundle)
    SELECT (placed ->> 'order_id')::uuid, l.n, l.sku, l.product_id, l.variant_id, l.name, l.quantity,
           l.unit_price_minor, l.total_minor, coalesce(l.discount_minor, 0), l.tax_minor, l.price_list_id,
           coalesce(l.from_quantity, 1), coalesce(l.tax_included, false), coalesce(l.included_tax_minor, 0),
           coalesce(l.gift_quantity, 0), coalesce(l.gift_card, false), coalesce(l.bundle, '')
    FROM unnest(v_placed) AS placed,
         ROWS FROM (jsonb_to_recordset(placed -> 'lines') AS (sku text, product_id uuid, variant_id uuid, name text,
                    quantity integer, unit_price_minor bigint, total_minor bigint, discount_minor bigint, tax_minor bigint,
                    price_list_id uuid, from_quantity integer, tax_included boolean, included_tax_minor bigint,
                    gift_quantity integer, gift_card boolean, bundle text))
         WITH ORDINALITY AS l(sku, product_id, variant_id, name, quantity, unit_price_minor, total_minor, discount_minor,
                              tax_minor, price_list_id, from_quantity, tax_included, included_tax_minor, gift_quantity,
                              gift_card, bundle, n);
    INSERT INTO order_allocation (order_id, n, item_id, sku, warehouse, quantity)
    SELECT (v_placed[c.k] ->> 'order_id')::uuid, a.n, (p_commands -> (c.i - 1) -> 'item_ids' ->> (a.n - 1)::integer)::uuid,
           a.sku, a.warehouse, a.quantity
    FROM unnest(p_new) WITH ORDINALITY AS c(i, k),
         ROWS FROM (jsonb_to_recordset(v_placed[c.k] -> 'allocations') AS (sku text, warehouse text, quantity integer))
         WITH ORDINALITY AS a(sku, warehouse, quantity, n);
    PERFORM payments_request(ARRAY(SELECT (p_commands -> (i - 1) ->> 'payment_requested')::jsonb FROM unnest(p_new) AS i));
END $$;

-- Step 3: hold the stock of the orders just inserted, as late as possible: from here to the commit others wait for the
-- stock rows. Answers what waits to be appended; a command that lost has its rows taken back and leaves its refusals.
CREATE OR REPLACE FUNCTION orders_reserve(
    p_commands jsonb, p_new integer[], OUT changes waiting_event[], OUT refusals jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_lost uuid[];
BEGIN
    SELECT r.changes, r.refusals INTO changes, refusals
    FROM (SELECT array_agg(c.i ORDER BY c.i, a.n) AS commands, array_agg(a.order_id ORDER BY c.i, a.n) AS orders,
                 array_agg(a.item_id ORDER BY c.i, a.n) AS items, array_agg(a.quantity ORDER BY c.i, a.n) AS quantities
          FROM unnest(p_new) AS c(i)
          JOIN order_allocation a ON a.order_id = (p_commands -> (c.i - 1) ->> 'order_id')::uuid) AS d,
         inventory_reserve(d.commands, d.orders, d.items, d.quantities, p_for_order => true) AS r;
    IF refusals <> '[]' THEN
        SELECT array_agg(DISTINCT (p_commands -> ((l ->> 'command')::integer - 1) ->> 'order_id')::uuid) INTO v_lost
        FROM jsonb_array_elements(refusals) AS l;
        PERFORM payments_forget(v_lost);
        DELETE FROM customer_order o WHERE o.id = ANY (v_lost);
    END IF;
END $$;

-- Step 4: the events of the placed orders, last of all; answers where those of each command stand.
CREATE OR REPLACE FUNCTION orders_append_placed(
    p_commands jsonb, p_done integer[], p_waiting waiting_event[]
)
RETURNS TABLE (command integer, positions jsonb) LANGUAGE plpgsql AS $$
DECLARE
    v record;
BEGIN
    WITH done AS MATERIALIZED (
        SELECT d.i, (c ->> 'order_id')::uuid AS order_id, (c ->> 'payment_id')::uuid AS payment_id,
               (c ->> 'cart_id')::uuid AS cart_id, 'order:' || (c ->> 'order_id') AS key, c ->> 'placed' AS placed,
               c ->> 'payment_requested' AS payment_requested, c ->> 'cart_ordered' AS cart_ordered,
               convert_to(c ->> 'metadata', 'UTF8') AS metadata
        FROM unnest(p_done) AS d(i), LATERAL (SELECT p_commands -> (d.i - 1) OFFSET 0) AS t(c)
    ), ordered AS (
        SELECT o.id, o.version
        FROM carts_order(ARRAY(SELECT cart_id FROM done ORDER BY i), ARRAY(SELECT order_id FROM done ORDER BY i)) AS o
    ), line AS (
        SELECT d.i, 0 AS step, w.version, w.kind, w.id, w.key, w.type, w.payload, d.metadata
        FROM unnest(p_waiting) AS w JOIN done d ON d.i = w.command
        UNION ALL
        SELECT i, 1, 1, 'order', order_id, key, 'orders.order_placed.v1', convert_to(placed, 'UTF8'), metadata FROM done
        UNION ALL
        SELECT i, 2, 1, 'payment', payment_id, key, 'payments.payment_requested.v1', convert_to(payment_requested, 'UTF8'),
               metadata
        FROM done
        UNION ALL
        SELECT d.i, 3, o.version, 'cart', o.id, 'cart:' || o.id, 'carts.cart_ordered.v1', convert_to(d.cart_ordered, 'UTF8'),
               d.metadata
        FROM done d JOIN ordered o ON o.id = d.cart_id
    )
    SELECT array_agg(e.i) AS commands, array_agg(e.kind) AS kinds, array_agg(e.id) AS ids, array_agg(e.version) AS versions,
           array_agg(e.key) AS keys, uuid_v7s(count(*)::integer) AS event_ids, array_agg(e.type) AS types,
           array_agg(e.payload) AS payloads, array_agg(e.metadata) AS metadata
    INTO v FROM (SELECT * FROM line l ORDER BY l.i, l.step, l.id) AS e;
    RETURN QUERY
        SELECT v.commands[a.n], positions_of(array_agg(a.shard), array_agg(a.at))
        FROM event_append_all(v.kinds, v.ids, v.versions, v.keys, v.event_ids, v.types, v.payloads, v.metadata)
             WITH ORDINALITY AS a(shard, at, n)
        GROUP BY 1;
END $$;

-- Places orders. Each command: actor, route, key, request_hash (hex), order_id, quote_id, cart_id, cart_version,
-- payment_id, item_ids (of the stock items, one per allocation), `customer` (whom limits count) and `claims` (promotions
-- that are limited, and what of their budgets), `counted` (SKU → quantity of what a customer may have only so many of), `gift_cards` (what they pay), and as text the exact JSON of its
-- events `placed`, `payment_requested`, `cart_ordered`, of its `answer` and of its `metadata`. No cart may occur twice in one call.
-- Answers one row per command, in order: `done`, what `orders_admit` says, `discount_gone`, `limit_reached`, `gift_card_gone`, `credit_gone`, or `out_of_stock` with
-- the lines that lack. Whoever is refused takes nothing and holds up nobody else in the call.
CREATE OR REPLACE FUNCTION orders_place(p_commands jsonb)
RETURNS TABLE (outcome text, answer bytea, positions jsonb, facts jsonb) LANGUAGE plpgsql AS $$
DECLARE
    v_admission record;
    v_some record;
    v_outcome text[];
    v_new integer[];
    v_stock record;
    v_done integer[];
    v_waiting waiting_event[];
BEGIN
    SELECT * INTO v_admission FROM orders_admit(p_commands) AS a;
    v_outcome := v_admission.outcome;
    -- Most orders take no more than stock: one look for all of them, instead of seven.
    SELECT bool_or(c -> 'claims' <> '[]') AS claims, bool_or(c -> 'counted' <> '{}') AS counted,
           bool_or(c -> 'gift_cards' <> '[]') AS gifts, bool_or((c ->> 'credit_minor')::bigint > 0) AS credits
    INTO v_some FROM jsonb_array_elements(p_commands) AS c;
    IF v_some.claims THEN v_outcome := orders_admit_claims(p_commands, v_outcome); END IF;
    IF v_some.counted THEN v_outcome := orders_admit_limits(p_commands, v_outcome); END IF;
    IF v_some.gifts THEN v_outcome := orders_admit_gifts(p_commands, v_outcome); END IF;
    IF v_some.credits THEN v_outcome := orders_admit_credits(p_commands, v_outcome); END IF;
    v_new := array_positions(v_outcome, 'new');
    IF v_new = '{}' THEN
        RETURN QUERY SELECT * FROM unnest(v_outcome, v_admission.answer, v_admission.positions, v_admission.facts);
        RETURN;
    END IF;
    PERFORM orders_insert(p_commands, v_new);
    SELECT r.changes, r.refusals INTO v_stock FROM orders_reserve(p_commands, v_new) AS r;
    v_done := ARRAY(SELECT i FROM unnest(v_new) AS i
                    EXCEPT SELECT (l ->> 'command')::integer FROM jsonb_array_elements(v_stock.refusals) AS l ORDER BY 1);
    v_waiting := v_stock.changes;
    IF v_some.claims THEN v_waiting := v_waiting || orders_take_claims(p_commands, v_done); END IF;
    IF v_some.gifts THEN v_waiting := v_waiting || orders_take_gifts(p_commands, v_done); END IF;
    IF v_some.credits THEN v_waiting := v_waiting || orders_take_credits(p_commands, v_done); END IF;
    RETURN QUERY
    WITH lost AS MATERIALIZED (
        SELECT (l ->> 'command')::integer AS i, jsonb_agg(l) AS lines FROM jsonb_array_elements(v_stock.refusals) AS l GROUP BY 1
    ), done AS MATERIALIZED (
        SELECT a.command AS i, a.positions, convert_to(p_commands -> (a.command - 1) ->> 'answer', 'UTF8') AS answer
        FROM orders_append_placed(p_commands, v_done, v_waiting) AS a
    ), kept AS MATERIALIZED (
        SELECT idempotency_keep(
            array_agg(c ->> 'actor'), array_agg(c ->> 'route'), array_agg(c ->> 'key'),
            array_agg(decode(c ->> 'request_hash', 'hex')), array_agg(d.answer), array_agg(d.positions))
        FROM done d, LATERAL (SELECT p_commands -> (d.i - 1)) AS t(c)
    )
    SELECT CASE WHEN d.i IS NOT NULL THEN 'done' WHEN l.i IS NOT NULL THEN 'out_of_stock' ELSE a.outcome END,
           coalesce(d.answer, a.answer), coalesce(d.positions, a.positions), coalesce(l.lines, a.facts)
    FROM unnest(v_outcome, v_admission.answer, v_admission.positions, v_admission.facts)
         WITH ORDINALITY AS a(outcome, answer, positions, facts, n)
    LEFT JOIN done d ON d.i = a.n LEFT JOIN lost l ON l.i = a.n
    WHERE (SELECT count(*) FROM kept) >= 0  -- names it, or it would not run
    ORDER BY a.n;
END $$;

-- Places an order whose goods are held under its id already: what is sent in exchange for goods that come back. One command
-- like those of `orders_place`, with no cart and no Idempotency-Key of its own: whoever decided it holds the first order.
-- Its gift cards and its account's credit are locked, and were asked.
CREATE OR REPLACE FUNCTION orders_replace(p_command jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_commands jsonb := jsonb_build_array(p_command);
    v_order uuid := p_command ->> 'order_id';
    v_key text := 'order:' || v_order;
    v_waiting waiting_event[];
BEGIN
    IF orders_admit_credits(v_commands, orders_admit_gifts(v_commands, ARRAY['new'])) <> ARRAY['new'] THEN
        RAISE EXCEPTION 'a gift card or the credit of order % does not pay what was decided under its lock', v_order
              USING ERRCODE = 'DB002';
    END IF;
    PERFORM orders_insert(v_commands, ARRAY[1]);
    v_waiting := orders_take_gifts(v_commands, ARRAY[1]) || orders_take_credits(v_commands, ARRAY[1]) || ARRAY[
        (1, 'order', v_order, v_key, 1, 'orders.order_placed.v1', convert_to(p_command ->> 'placed', 'UTF8')),
        (1, 'payment', (p_command ->> 'payment_id')::uuid, v_key, 1, 'payments.payment_requested.v1',
         convert_to(p_command ->> 'payment_requested', 'UTF8'))]::waiting_event[];
    RETURN (SELECT positions_of(array_agg(a.shard), array_agg(a.at))
            FROM event_append_waiting(v_waiting, convert_to(p_command ->> 'metadata', 'UTF8')) AS a);
END $$;

-- Places an order that adds to another one, which the caller holds: one command like those of `orders_place`, asked of the
-- same rows under the same locks, with no cart and no Idempotency-Key of its own. Answers `done`, `discount_gone`,
-- `limit_reached`, `credit_gone`, or `out_of_stock` with the lines that lack; whoever is refused rolls back.
CREATE OR REPLACE FUNCTION orders_add(p_command jsonb, OUT outcome text, OUT positions jsonb, OUT facts jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    v_commands jsonb := jsonb_build_array(p_command);
    v_order uuid := p_command ->> 'order_id';
    v_key text := 'order:' || v_order;
    v_stock record;
    v_waiting waiting_event[];
BEGIN
    outcome := (orders_admit_credits(v_commands,
        orders_admit_limits(v_commands, orders_admit_claims(v_commands, ARRAY['new']))))[1];
    facts := '[]';
    IF outcome <> 'new' THEN
        RETURN;
    END IF;
    PERFORM orders_insert(v_commands, ARRAY[1]);
    SELECT r.changes, r.refusals INTO v_stock FROM orders_reserve(v_commands, ARRAY[1]) AS r;
    IF v_stock.refusals <> '[]' THEN
        outcome := 'out_of_stock';
        facts := v_stock.refusals;
        RETURN;
    END IF;
    v_waiting := v_stock.changes || orders_take_claims(v_commands, ARRAY[1]) || orders_take_credits(v_commands, ARRAY[1])
                 || ARRAY[
        (1, 'order', v_order, v_key, 1, 'orders.order_placed.v1', convert_to(p_command ->> 'placed', 'UTF8')),
        (1, 'payment', (p_command ->> 'payment_id')::uuid, v_key, 1, 'payments.payment_requested.v1',
         convert_to(p_command ->> 'payment_requested', 'UTF8'))]::waiting_event[];
    outcome := 'done';
    positions := (SELECT positions_of(array_agg(a.shard), array_agg(a.at))
                  FROM event_append_waiting(v_waiting, convert_to(p_command ->> 'metadata', 'UTF8')) AS a);
END $$;

-- What an order's stock becomes when it is settled: `deduct` (paid), `release` (it was never paid), or `return` (paid,
-- but cancelled before the money was captured). Orders in the order of their ids, for `return` only one: what an edit or a
-- release of it has put back is on the shelf already, and what a release named and has not put back is not there (taken
-- to be of the first places, where lists begin).
CREATE OR REPLACE FUNCTION orders_settle_stock(p_stock text, p_reason text, p_orders uuid[]) RETURNS waiting_event[]
LANGUAGE plpgsql AS $$
DECLARE
    v_changes waiting_event[];
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
              FROM (SELECT t.order_id, t.n, t.item_id,
                           least(t.away, t.away_up_to_here - coalesce(l.quantity, 0)) AS quantity
                    FROM (SELECT p.*, (sum(p.away) OVER (PARTITION BY p.sku ORDER BY p.n))::integer AS away_up_to_here
                          FROM (SELECT a.*, a.quantity - coalesce(r.quantity, 0) AS away
                                FROM order_allocation a
                                LEFT JOIN refunds_restocked(p_orders[1]) AS r
                                       ON r.sku = a.sku AND r.warehouse = a.warehouse
                                WHERE a.order_id = p_orders[1]) AS p) AS t
                    LEFT JOIN refunds_not_restocked(p_orders[1]) AS l ON l.sku = t.sku) AS a
              WHERE a.quantity > 0) AS back,
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
    v_back waiting_event[] := '{}';
    v_waiting waiting_event[];
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
    IF p_stock <> 'deduct' THEN  -- ahead of the stock, as placing holds them
        v_back := promotions_give_back(v_orders);
        v_back := v_back || gift_cards_give_back(v_orders);
        v_back := v_back || invoices_give_back(v_orders);
    END IF;
    v_waiting := orders_settle_stock(p_stock, p_reason, v_orders) || v_back;
    FOR i IN 1 .. v_count LOOP
        positions := orders_append_settled(p_commands -> (i - 1), v_payment_version[i], v_order_version[i],
            ARRAY(SELECT w FROM unnest(v_waiting) AS w WHERE v_count = 1 OR (w).command = i));
        RETURN NEXT;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION orders_append_settled(
    p_command jsonb, p_payment_version bigint, p_order_version bigint, p_waiting waiting_event[]
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_order uuid := p_command ->> 'order_id';
    v_key text := 'order:' || v_order;
    v_own waiting_event[] := ARRAY[
        (1, 'payment', (p_command ->> 'payment_id')::uuid, v_key, p_payment_version, p_command ->> 'payment_event_type',
         convert_to(p_command ->> 'payment_event', 'UTF8')),
        (1, 'order', v_order, v_key, p_order_version, p_command ->> 'order_event_type',
         convert_to(p_command ->> 'order_event', 'UTF8'))]::waiting_event[];
BEGIN
    RETURN (SELECT positions_of(array_agg(a.shard), array_agg(a.at))
            FROM event_append_waiting(p_waiting || v_own, convert_to(p_command ->> 'metadata', 'UTF8')) AS a);
END $$;
