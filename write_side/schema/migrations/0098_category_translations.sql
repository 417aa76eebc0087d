-- What a category is called in other languages: locale → {name}.
ALTER TABLE category ADD COLUMN translations json NOT NULL DEFAULT '{}';
