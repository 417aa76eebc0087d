-- Exchanges that gift cards alone paid for fall through, too.
DROP INDEX customer_order_fallen_through;
CREATE INDEX customer_order_fallen_through ON customer_order (id)
    WHERE replaces IS NOT NULL AND state IN ('cancelled', 'expired');
