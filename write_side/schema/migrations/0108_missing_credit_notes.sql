-- From here on in the log whatever is taken off an invoice has a credit note: from the first one, where there is any,
-- else from now on (found by type, which OFFSET 0 is for: the planner would walk through the log from its beginning). What a process of an older version took off since, while it was replaced, is given one by the worker.

CREATE TABLE credit_notes_since (
    id       smallint PRIMARY KEY CHECK (id = 1),
    position bigint NOT NULL
);
INSERT INTO credit_notes_since (id, position)
SELECT 1, coalesce((SELECT min(position) - 1
                  FROM (SELECT position FROM event_log WHERE aggregate_type = 'credit_note' OFFSET 0) AS own),
                   (SELECT safe_position FROM relay_state), 0);
INSERT INTO reaction_checkpoint (reaction, position) SELECT 'missing_credit_notes', position FROM credit_notes_since;

GRANT SELECT ON credit_notes_since TO doorbuster_app;
