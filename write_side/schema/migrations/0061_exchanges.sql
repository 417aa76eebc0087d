-- Orders that are sent in exchange for goods that come back, and are paid by what these had cost.
ALTER TABLE customer_order
    ADD COLUMN replaces jsonb,
    ADD COLUMN credit_minor bigint NOT NULL DEFAULT 0,  -- the sum of its credits
    ADD CONSTRAINT credit_pays_no_more CHECK (credit_minor >= 0 AND gift_minor + credit_minor <= total_minor);
CREATE INDEX customer_order_fallen_through ON customer_order (id)
    WHERE credit_minor > 0 AND state IN ('cancelled', 'expired');

ALTER TABLE payment
    DROP CONSTRAINT nothing_is_paid_by_gift_card_alone,
    ADD CONSTRAINT nothing_is_paid_in_our_books_alone
        CHECK ((amount_minor = 0) = (method IN ('gift_card', 'exchange')) AND amount_minor >= 0);

ALTER TABLE refund
    ADD COLUMN moved_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT no_more_is_moved CHECK (moved_minor BETWEEN 0 AND amount_minor);

ALTER TABLE order_return
    ADD COLUMN exchange jsonb,
    ADD COLUMN exchange_state text
        CHECK (exchange_state IN ('wished', 'held', 'placed', 'refused', 'dropped', 'failed')),
    ADD COLUMN replacement_id uuid,
    ADD COLUMN allocations jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN failure text;
CREATE INDEX order_return_holding ON order_return (replacement_id) WHERE exchange_state = 'held';
