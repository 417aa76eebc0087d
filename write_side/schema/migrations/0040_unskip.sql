-- A skip can be taken back: who did that, why and when stands beside who skipped, and the event may be skipped once more.
ALTER TABLE skipped_event DROP CONSTRAINT skipped_event_pkey;
ALTER TABLE skipped_event
    ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ADD COLUMN unskip_requested_at timestamptz,
    ADD COLUMN unskip_actor text,
    ADD COLUMN unskip_reason text,
    ADD COLUMN unskipped_at timestamptz,  -- when the projector carried it out: from then on no version goes without it
    ADD CHECK (num_nulls(unskip_requested_at, unskip_actor, unskip_reason) IN (0, 3)),
    ADD CHECK (unskipped_at IS NULL OR unskip_requested_at IS NOT NULL);
CREATE UNIQUE INDEX skipped_event_in_force ON skipped_event (read_model, version, position) WHERE unskipped_at IS NULL;
GRANT UPDATE (unskip_requested_at, unskip_actor, unskip_reason) ON skipped_event TO doorbuster_app;
GRANT UPDATE (unskipped_at) ON skipped_event TO doorbuster_projector;
