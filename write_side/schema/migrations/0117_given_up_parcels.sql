-- Parcels whose goods were refunded are looked after at once from now on: nobody is to wait for a look at all refunds.
INSERT INTO reaction_checkpoint (reaction, position)
SELECT 'given_up_parcels', safe_position FROM relay_state;
