-- Payments, as part of commands of orders. Only these functions and write_side/payments/store.py name their tables.

-- A payment for each `PaymentRequested`; the worker is to create its intent.
CREATE OR REPLACE FUNCTION payments_request(p_requested jsonb[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO payment (id, order_id, amount_minor, currency, state, version, todo, method)
    SELECT r.payment_id, r.order_id, r.amount_minor, r.currency, 'requested', 1, 'create', coalesce(r.method, 'card')
    FROM unnest(p_requested) AS requested,
         jsonb_to_record(requested) AS r(payment_id uuid, order_id uuid, amount_minor bigint, currency text, method text)
$$;

-- Takes back payments of orders that were not placed after all.
CREATE OR REPLACE FUNCTION payments_forget(p_order uuid[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM payment p WHERE p.order_id = ANY (p_order) AND p.state = 'requested'
$$;

-- A payment's next state and what is to be done about it from now on; answers its new version.
CREATE OR REPLACE FUNCTION payments_move(p_payment uuid, p_state text, p_todo text) RETURNS bigint LANGUAGE sql AS $$
    UPDATE payment p SET state = p_state, todo = p_todo, attempts = 0, next_attempt_at = clock_timestamp(),
                         version = p.version + 1
    WHERE p.id = p_payment RETURNING p.version
$$;

-- Has the worker make sure that nothing can be charged, beginning now.
CREATE OR REPLACE FUNCTION payments_void(p_payment uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE payment p SET todo = 'void', attempts = 0, next_attempt_at = clock_timestamp() WHERE p.id = p_payment
$$;

-- Which of these orders ended before their money was taken.
CREATE OR REPLACE FUNCTION payments_voided_among(p_orders uuid[]) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(p.order_id) FROM payment p WHERE p.order_id = ANY (p_orders) AND p.state = 'voided'
$$;

-- Which of these orders gift cards have paid alone.
CREATE OR REPLACE FUNCTION payments_by_gift_card_among(p_orders uuid[]) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(p.order_id) FROM payment p WHERE p.order_id = ANY (p_orders) AND p.method = 'gift_card'
$$;

-- The way to pay of a payment: who is asked about its refunds.
CREATE OR REPLACE FUNCTION payments_method(p_payment uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT p.method FROM payment p WHERE p.id = p_payment
$$;
