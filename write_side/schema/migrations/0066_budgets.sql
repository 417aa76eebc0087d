-- What orders hold of a promotion's budget.
ALTER TABLE promotion
    ADD COLUMN granted_minor bigint NOT NULL DEFAULT 0,
    -- no budget: NULL, which passes
    ADD CONSTRAINT within_budget CHECK (granted_minor >= 0 AND granted_minor <= (terms -> 'budget' ->> 'amount_minor')::bigint);
ALTER TABLE promotion_use ADD COLUMN amount_minor bigint NOT NULL DEFAULT 0 CHECK (amount_minor >= 0);
