-- By which token one was issued: none for those of the command line, and for all from before, as their events don't tell.
-- Old processes leave it out. A shop has few tokens, so that the index is there at once.

ALTER TABLE access_token ADD COLUMN issued_by uuid;
CREATE INDEX access_token_issued_by ON access_token (issued_by) WHERE issued_by IS NOT NULL;
