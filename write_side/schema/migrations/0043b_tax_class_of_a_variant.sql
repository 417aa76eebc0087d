-- A variant that is taxed otherwise than its product.
ALTER TABLE variant ADD COLUMN tax_class text CHECK (tax_class ~ '^[a-z][a-z0-9-]{0,39}$');
