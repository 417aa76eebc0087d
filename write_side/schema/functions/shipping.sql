-- Destinations as other contexts see them. Only these functions and write_side/shipping/store.py name their table.

CREATE OR REPLACE FUNCTION shipping_destinations(p_countries text[]) RETURNS SETOF destination LANGUAGE sql STABLE AS $$
    SELECT * FROM destination d WHERE d.country = ANY (p_countries)
$$;
