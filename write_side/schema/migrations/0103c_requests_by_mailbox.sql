-- One request for each mailbox. That for each mail stays, for those who wait since before mailboxes were told.
CREATE UNIQUE INDEX restock_request_once_by_mailbox ON restock_request (coalesce(counted_as, person_id), sku)
    WHERE state = 'waiting';
