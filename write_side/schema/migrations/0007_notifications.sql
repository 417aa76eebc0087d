-- The ledger of mails: a row stands before its mail is sent.

CREATE TABLE mail (
    id              uuid PRIMARY KEY,
    order_id        uuid NOT NULL,
    kind            text NOT NULL,
    message_id      text NOT NULL UNIQUE,
    state           text NOT NULL CHECK (state IN ('queued', 'sent', 'refused')),
    version         bigint NOT NULL,
    -- How far sending has got; not part of the mail's history.
    sending_since   timestamptz,        -- handed to the mail server, outcome not known yet
    doubts          integer NOT NULL DEFAULT 0,  -- how often the outcome stayed unknown: after one, at most one repeat
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz DEFAULT clock_timestamp(),
    UNIQUE (order_id, kind)
);
CREATE INDEX mail_due ON mail (next_attempt_at) WHERE state = 'queued' AND next_attempt_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON mail TO doorbuster_app;
