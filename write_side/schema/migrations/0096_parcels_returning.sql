-- How many parcels are on their way back is asked every few seconds, of a table that only grows.

CREATE INDEX parcel_returning ON parcel (id) WHERE tracking = 'returning' AND state = 'shipped';
