-- Destinations as other contexts see them. Only these functions and write_side/taxes/store.py name their table.

CREATE OR REPLACE FUNCTION taxes_destinations(p_countries text[]) RETURNS SETOF destination LANGUAGE sql STABLE AS $$
    SELECT * FROM destination d WHERE d.country = ANY (p_countries)
$$;
