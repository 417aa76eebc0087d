-- How far the bundles that hold a component have been looked at since an event of its stock: there may be more of them
-- than one transaction can look at.
CREATE TABLE bundle_walk (
    position bigint PRIMARY KEY,  -- the event's
    after    text NOT NULL        -- the last bundle's SKU
);
GRANT SELECT, INSERT, UPDATE, DELETE ON bundle_walk TO doorbuster_app;
