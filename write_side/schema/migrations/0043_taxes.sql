-- Several taxes of a country, by class of goods and by area; what they came to in quotes and orders; prices that include them.

ALTER TABLE destination ADD COLUMN rules jsonb, ADD COLUMN areas jsonb NOT NULL DEFAULT '[]';
UPDATE destination SET rules = CASE
    WHEN tax_basis_points = 0 THEN '{"taxes": []}'
    ELSE jsonb_build_object('taxes', jsonb_build_array(jsonb_build_object(
             'name', 'Tax', 'rates', jsonb_build_object('standard', tax_basis_points * 100)))) END;
ALTER TABLE destination ALTER COLUMN rules SET NOT NULL, DROP COLUMN tax_basis_points;

ALTER TABLE quote ADD COLUMN taxes jsonb NOT NULL DEFAULT '[]', ADD COLUMN duties_due boolean NOT NULL DEFAULT false;
ALTER TABLE customer_order ADD COLUMN taxes jsonb NOT NULL DEFAULT '[]', ADD COLUMN duties_due boolean NOT NULL DEFAULT false;
ALTER TABLE order_line ADD COLUMN tax_included boolean NOT NULL DEFAULT false,
    ADD COLUMN included_tax_minor bigint NOT NULL DEFAULT 0
    CHECK (included_tax_minor BETWEEN 0 AND total_minor - discount_minor AND (tax_included OR included_tax_minor = 0));
