-- Where warehouses are, and which places they serve before others; and which are near to where a quote's goods would go.

ALTER TABLE warehouse ADD COLUMN latitude double precision, ADD COLUMN longitude double precision,
    ADD COLUMN serves jsonb NOT NULL DEFAULT '[]', ADD CHECK ((latitude IS NULL) = (longitude IS NULL));
ALTER TABLE quote ADD COLUMN nearest text[] NOT NULL DEFAULT '{}';
