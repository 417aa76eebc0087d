-- Who wants a fresh link to an order: looked into by the worker, so that neither answer nor time tells whether it fits.
CREATE TABLE order_link_wish (
    id        uuid PRIMARY KEY,
    number    text NOT NULL,
    person_id uuid  -- of the mail that was typed; nobody, if no order ever came by it
);

GRANT SELECT, INSERT, UPDATE, DELETE ON order_link_wish TO doorbuster_app;
