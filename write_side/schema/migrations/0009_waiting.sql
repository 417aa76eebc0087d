-- What waits for a person is counted every few seconds: without reading every payment and mail there ever was.
CREATE INDEX payment_alarmed ON payment (id) WHERE alarm IS NOT NULL;
CREATE INDEX mail_left ON mail (id) WHERE state = 'queued' AND next_attempt_at IS NULL;
