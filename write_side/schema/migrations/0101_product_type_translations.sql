-- What a product type is called in other languages: locale → {name}.
ALTER TABLE product_type ADD COLUMN translations json NOT NULL DEFAULT '{}';
