-- Which versions of each read model there are. This says what is served; Redis' pointer and Elasticsearch's alias follow.
CREATE SEQUENCE read_model_number;  -- no version's name ever comes again: what an old one left behind is nobody's
CREATE TABLE read_model_version (
    read_model text NOT NULL,
    version    text NOT NULL,
    state      text NOT NULL CHECK (state IN ('building', 'beside', 'next', 'live', 'kept', 'retired')),
    since      timestamptz NOT NULL DEFAULT clock_timestamp(),
    served_at  timestamptz,  -- since when queries are led here; null until they are
    PRIMARY KEY (read_model, version)
);
CREATE UNIQUE INDEX read_model_live ON read_model_version (read_model) WHERE state = 'live';
CREATE UNIQUE INDEX read_model_coming ON read_model_version (read_model) WHERE state IN ('building', 'beside', 'next');
GRANT SELECT, INSERT, UPDATE, DELETE ON read_model_version TO doorbuster_projector;
GRANT USAGE ON SEQUENCE read_model_number TO doorbuster_projector;
GRANT SELECT ON read_model_version TO doorbuster_app;
