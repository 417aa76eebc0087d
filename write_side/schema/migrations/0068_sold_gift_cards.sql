-- Gift cards that are bought: which lines are such, whose order a card is of, and what its code is made of until it is mailed.
ALTER TABLE order_line ADD COLUMN gift_card boolean NOT NULL DEFAULT false;
CREATE INDEX order_line_of_gift_cards ON order_line (order_id) WHERE gift_card;

ALTER TABLE gift_card
    ADD COLUMN order_id uuid,  -- that it was bought by; none: staff issued it
    ADD COLUMN sku text NOT NULL DEFAULT '',
    ADD COLUMN refund_id uuid;  -- that blocked it
CREATE INDEX gift_card_by_order ON gift_card (order_id) WHERE order_id IS NOT NULL;

-- Gone once the mail is: nobody can make the code again. No part of the history.
CREATE TABLE gift_card_letter (
    gift_card_id uuid PRIMARY KEY REFERENCES gift_card (id),
    key          text NOT NULL
);
GRANT SELECT, INSERT, DELETE ON gift_card_letter TO doorbuster_app;
