-- Stock moves. Each function takes an array of commands, changes rows, and answers the events that wait to be appended
-- (`waiting_event`), so that a command spanning contexts appends all its events last. Rows are touched in the order of
-- their ids, whoever calls: no deadlock. Only these functions and write_side/inventory/store.py name these tables.

-- Where SKUs are kept, in the order in which warehouses ship.
CREATE OR REPLACE FUNCTION inventory_items(p_skus text[]) RETURNS SETOF stock_item LANGUAGE sql STABLE AS $$
    SELECT i.* FROM stock_item i JOIN warehouse w ON w.code = i.warehouse
    WHERE i.sku = ANY (p_skus) ORDER BY w.priority, w.code
$$;

-- How many of these SKUs an order and a customer may have, where that is limited.
CREATE OR REPLACE FUNCTION inventory_limits(p_skus text[]) RETURNS SETOF purchase_limit LANGUAGE sql STABLE AS $$
    SELECT l.* FROM purchase_limit l WHERE l.sku = ANY (p_skus) ORDER BY l.sku
$$;

-- What changed a stock item. (One expression over plain values, each used once: so Postgres puts it in place of the call.)
CREATE OR REPLACE FUNCTION stock_event(
    p_command integer, p_id uuid, p_product uuid, p_version bigint, p_sku text, p_warehouse text, p_on_hand integer,
    p_reserved integer, p_type text, p_facts jsonb
) RETURNS waiting_event LANGUAGE sql STABLE AS $$
    SELECT (p_command, 'stock_item', p_id, 'product:' || p_product, p_version, p_type,
            convert_to((jsonb_build_object('type', p_type, 'sku', p_sku, 'warehouse', p_warehouse, 'on_hand', p_on_hand,
                                           'reserved', p_reserved) || p_facts)::text, 'UTF8'))::waiting_event
$$;

-- The same of an item as its row stands.
CREATE OR REPLACE FUNCTION stock_event_of(p_command integer, p_item stock_item, p_type text, p_facts jsonb)
RETURNS waiting_event LANGUAGE sql STABLE AS $$
    SELECT stock_event(p_command, p_item.id, p_item.product_id, p_item.version, p_item.sku, p_item.warehouse,
                       p_item.on_hand, p_item.reserved, p_type, p_facts)
$$;

-- Reserves for several commands at once; rows (command, reservation, item, quantity) in parallel arrays, one row per
-- command and item (demand is summed before). A command is reserved whole or not at all, and the refusal of one leaves
-- the others alone: `refusals` lists {command, sku, wanted, available} of each refused line.
--
-- The rows are locked in the order of their ids, then asked. Mostly there is enough for everybody, and each item is
-- written once however many want it; only where somebody has to be refused they are served one after the other.
CREATE OR REPLACE FUNCTION inventory_reserve(
    p_command integer[], p_reservation uuid[], p_item uuid[], p_quantity integer[], p_for_order boolean,
    OUT changes waiting_event[], OUT refusals jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_enough boolean;
BEGIN
    refusals := '[]';
    WITH held AS MATERIALIZED (
        SELECT s.id, s.on_hand - s.reserved AS available FROM stock_item s WHERE s.id = ANY (p_item) ORDER BY s.id FOR UPDATE
    )
    SELECT bool_and(h.available >= d.quantity) INTO v_enough
    FROM held h JOIN (SELECT l.item, sum(l.quantity) AS quantity FROM unnest(p_item, p_quantity) AS l(item, quantity) GROUP BY 1) AS d
         ON d.item = h.id;
    IF v_enough THEN
        changes := inventory_reserve_all(p_command, p_reservation, p_item, p_quantity);
    ELSE
        SELECT r.changes, r.refusals INTO changes, refusals
        FROM inventory_reserve_each(p_command, p_reservation, p_item, p_quantity) AS r;
    END IF;
    INSERT INTO reservation (id, item_id, quantity, for_order)
    SELECT l.reservation, l.item, l.quantity, p_for_order
    FROM unnest(p_command, p_reservation, p_item, p_quantity) AS l(command, reservation, item, quantity)
    WHERE refusals = '[]' OR l.command IN (SELECT c.command FROM unnest(changes) AS c);
END $$;

-- For locked items that have enough for all. Each line makes a version of its item of its own, in the order given.
CREATE OR REPLACE FUNCTION inventory_reserve_all(
    p_command integer[], p_reservation uuid[], p_item uuid[], p_quantity integer[]
) RETURNS waiting_event[] LANGUAGE plpgsql AS $$
DECLARE
    v_changes waiting_event[];
BEGIN
    WITH line AS (
        SELECT l.*, sum(l.quantity) OVER w AS later, count(*) OVER w AS rank
        FROM unnest(p_command, p_reservation, p_item, p_quantity) WITH ORDINALITY AS l(command, reservation, item, quantity, n)
        WINDOW w AS (PARTITION BY l.item ORDER BY l.n DESC)  -- of this line and those after it
    ), taken AS (
        UPDATE stock_item s SET reserved = s.reserved + d.quantity, version = s.version + d.lines
        FROM (SELECT l.item, sum(l.quantity)::integer AS quantity, count(*) AS lines FROM line l GROUP BY 1) AS d
        WHERE s.id = d.item AND s.on_hand - s.reserved >= d.quantity
        RETURNING s.*
    )
    SELECT array_agg(stock_event(
               l.command, t.id, t.product_id, t.version - l.rank + 1, t.sku, t.warehouse, t.on_hand,
               (t.reserved - l.later + l.quantity)::integer, 'inventory.stock_reserved.v1',
               jsonb_build_object('reservation_id', l.reservation, 'quantity', l.quantity)) ORDER BY l.command, l.item)
    INTO v_changes FROM line l JOIN taken t ON t.id = l.item;
    IF cardinality(v_changes) IS DISTINCT FROM cardinality(p_item) THEN
        RAISE EXCEPTION 'stock that was there is gone although its row is locked' USING ERRCODE = 'DB002';
    END IF;
    RETURN v_changes;
END $$;

-- For locked items that have not enough for all: whoever comes first is served first.
CREATE OR REPLACE FUNCTION inventory_reserve_each(
    p_command integer[], p_reservation uuid[], p_item uuid[], p_quantity integer[],
    OUT changes waiting_event[], OUT refusals jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_command integer;
    v_line record;
    v_item stock_item;
    v_changes waiting_event[];
    v_refused boolean;
BEGIN
    changes := '{}';
    refusals := '[]';
    FOR v_command IN SELECT DISTINCT c FROM unnest(p_command) AS c ORDER BY c LOOP
        v_changes := '{}';
        v_refused := false;
        FOR v_line IN
            SELECT l.* FROM unnest(p_command, p_reservation, p_item, p_quantity) AS l(command, reservation, item, quantity)
            WHERE l.command = v_command ORDER BY l.item
        LOOP
            UPDATE stock_item SET reserved = reserved + v_line.quantity, version = version + 1
            WHERE id = v_line.item AND on_hand - reserved >= v_line.quantity
            RETURNING * INTO v_item;
            IF FOUND THEN
                v_changes := v_changes || stock_event_of(v_command, v_item, 'inventory.stock_reserved.v1',
                    jsonb_build_object('reservation_id', v_line.reservation, 'quantity', v_line.quantity));
            ELSE
                v_refused := true;
                refusals := refusals || (
                    SELECT jsonb_build_object('command', v_command, 'sku', s.sku, 'wanted', v_line.quantity,
                                              'available', s.on_hand - s.reserved)
                    FROM stock_item s WHERE s.id = v_line.item);
            END IF;
        END LOOP;
        IF v_refused THEN  -- give back what this command had taken; the row locks are still ours
            UPDATE stock_item s SET reserved = s.reserved - l.quantity, version = s.version - 1
            FROM unnest(p_command, p_item, p_quantity) AS l(command, item, quantity)
            WHERE l.command = v_command AND s.id = l.item
              AND s.id IN (SELECT (c).id FROM unnest(v_changes) AS c);
        ELSE
            changes := changes || v_changes;
        END IF;
    END LOOP;
END $$;

-- Frees what reservations hold, or deducts it because it was paid. A reservation that is not open changes nothing: its
-- row lock decides between two that settle the same one.
CREATE OR REPLACE FUNCTION inventory_settle(p_reservation uuid[], p_deduct boolean, p_reason text)
RETURNS waiting_event[] LANGUAGE plpgsql AS $$
DECLARE
    v_open record;
    v_item stock_item;
    v_changes waiting_event[] := '{}';
    v_facts jsonb;
BEGIN
    FOR v_open IN
        SELECT r.id, r.item_id, r.quantity FROM reservation r
        WHERE r.id = ANY (p_reservation) ORDER BY r.item_id, r.id FOR UPDATE
    LOOP
        UPDATE stock_item SET on_hand = on_hand - CASE WHEN p_deduct THEN v_open.quantity ELSE 0 END,
                              reserved = reserved - v_open.quantity, version = version + 1
        WHERE id = v_open.item_id
        RETURNING * INTO STRICT v_item;
        DELETE FROM reservation WHERE id = v_open.id AND item_id = v_open.item_id;
        v_facts := jsonb_build_object('reservation_id', v_open.id, 'quantity', v_open.quantity);
        IF p_deduct THEN
            v_changes := v_changes || stock_event_of(array_position(p_reservation, v_open.id), v_item,
                                                      'inventory.stock_deducted.v1', v_facts);
        ELSE
            v_changes := v_changes || stock_event_of(array_position(p_reservation, v_open.id), v_item,
                'inventory.stock_released.v1', v_facts || jsonb_build_object('reason', p_reason));
        END IF;
    END LOOP;
    RETURN v_changes;
END $$;

-- Moves the count of items by `p_change`: receipts, adjustments, returns. Facts are the event's own fields. An item whose
-- count would fall below what is reserved, or rise above a billion, is left alone and answered in `refusals`. What comes
-- back from an order has lain here before: it always goes in, so above the billion there is as much room again.
CREATE OR REPLACE FUNCTION inventory_move(
    p_item uuid[], p_change integer[], p_type text, p_facts jsonb[],
    OUT changes waiting_event[], OUT refusals jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_line record;
    v_item stock_item;
BEGIN
    changes := '{}';
    refusals := '[]';
    FOR v_line IN SELECT * FROM unnest(p_item, p_change, p_facts) WITH ORDINALITY AS l(item, change, facts, n) ORDER BY item, n LOOP
        UPDATE stock_item SET on_hand = on_hand + v_line.change, version = version + 1
        WHERE id = v_line.item AND on_hand::bigint + v_line.change >= reserved
          AND (v_line.change <= 0 OR p_type = 'inventory.stock_returned.v1'
               OR on_hand::bigint + v_line.change <= 1000000000)
        RETURNING * INTO v_item;
        IF FOUND THEN
            changes := changes || stock_event_of(v_line.n::integer, v_item, p_type, v_line.facts);
        ELSE
            refusals := refusals || (
                SELECT jsonb_build_object('command', v_line.n, 'sku', s.sku, 'on_hand', s.on_hand, 'reserved', s.reserved)
                FROM stock_item s WHERE s.id = v_line.item);
        END IF;
    END LOOP;
END $$;

-- What one call did: refused lines, or the figures of the items it changed, and where the events stand.
CREATE OR REPLACE FUNCTION inventory_answer(
    p_changes waiting_event[], p_metadata bytea, OUT items jsonb, OUT positions jsonb
) LANGUAGE sql AS $$
    SELECT coalesce((SELECT jsonb_agg(convert_from(c.payload, 'UTF8')::jsonb) FROM unnest(p_changes) AS c), '[]'),
           (SELECT positions_of(array_agg(a.shard), array_agg(a.at)) FROM event_append_waiting(p_changes, p_metadata) AS a)
$$;

-- The stock commands that stand alone: change and append in one call.
CREATE OR REPLACE FUNCTION inventory_move_now(
    p_item uuid[], p_change integer[], p_type text, p_facts jsonb[], p_metadata bytea,
    OUT refusals jsonb, OUT items jsonb, OUT positions jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_changes waiting_event[];
BEGIN
    SELECT m.changes, m.refusals INTO v_changes, refusals FROM inventory_move(p_item, p_change, p_type, p_facts) AS m;
    SELECT a.items, a.positions INTO items, positions FROM inventory_answer(v_changes, p_metadata) AS a;
END $$;

CREATE OR REPLACE FUNCTION inventory_reserve_now(
    p_reservation uuid, p_item uuid[], p_quantity integer[], p_for_order boolean, p_metadata bytea,
    OUT refusals jsonb, OUT items jsonb, OUT positions jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_changes waiting_event[];
BEGIN
    SELECT r.changes, r.refusals INTO v_changes, refusals
    FROM inventory_reserve(array_fill(1, ARRAY[cardinality(p_item)]), array_fill(p_reservation, ARRAY[cardinality(p_item)]),
                           p_item, p_quantity, p_for_order) AS r;
    SELECT a.items, a.positions INTO items, positions FROM inventory_answer(v_changes, p_metadata) AS a;
END $$;

CREATE OR REPLACE FUNCTION inventory_release_now(
    p_reservation uuid, p_reason text, p_metadata bytea, OUT refusals jsonb, OUT items jsonb, OUT positions jsonb
) LANGUAGE plpgsql AS $$
BEGIN
    refusals := '[]';
    SELECT a.items, a.positions INTO items, positions
    FROM inventory_answer(inventory_settle(ARRAY[p_reservation], false, p_reason), p_metadata) AS a;
END $$;

CREATE OR REPLACE FUNCTION inventory_deduct_now(
    p_reservation uuid, p_metadata bytea, OUT refusals jsonb, OUT items jsonb, OUT positions jsonb
) LANGUAGE plpgsql AS $$
BEGIN
    refusals := '[]';
    SELECT a.items, a.positions INTO items, positions
    FROM inventory_answer(inventory_settle(ARRAY[p_reservation], true, ''), p_metadata) AS a;
END $$;
