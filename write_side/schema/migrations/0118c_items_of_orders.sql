-- Which orders a stock item was taken off for, of those that are not over: what of it lies on the shelf still? Both are
-- in the order of the orders, and say all that is asked.
CREATE INDEX order_allocation_by_item ON order_allocation (item_id, order_id) INCLUDE (quantity);
CREATE INDEX customer_order_under_way ON customer_order (id) WHERE deducted AND state IN ('confirmed', 'closing');
