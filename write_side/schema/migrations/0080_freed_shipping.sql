-- Shipping is paid back by a reaction from now on: what ended before somebody may have paid back by hand.
INSERT INTO reaction_checkpoint (reaction, position)
SELECT 'freed_shipping', safe_position FROM relay_state;
