-- What merchants said of searches: synonyms, boosts, pins. A removed rule stays, for its history.

CREATE TABLE search_rule (
    id      uuid PRIMARY KEY,
    rule    jsonb NOT NULL,
    state   text NOT NULL CHECK (state IN ('in_force', 'removed')),
    version bigint NOT NULL
);
CREATE INDEX search_rule_in_force ON search_rule (id) WHERE state = 'in_force';

GRANT SELECT, INSERT, UPDATE ON search_rule TO doorbuster_app;
