-- What a product is called in other languages: locale → {name, description}.
ALTER TABLE product ADD COLUMN translations json NOT NULL DEFAULT '{}';
