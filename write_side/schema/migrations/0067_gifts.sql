-- So many of a line are a gift of a promotion.
ALTER TABLE order_line
    ADD COLUMN gift_quantity integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT gifts_are_of_the_line CHECK (gift_quantity BETWEEN 0 AND quantity);
