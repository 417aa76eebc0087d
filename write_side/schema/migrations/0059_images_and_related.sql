-- Which of the product's images show a variant, by place; what a merchant shows beside a product: kind → ids.
ALTER TABLE variant ADD COLUMN images json NOT NULL DEFAULT '[]';
ALTER TABLE product ADD COLUMN related json NOT NULL DEFAULT '{}';
