-- A quote never changes, but for this: the person who asked for it is erased.
GRANT UPDATE (mail, address, version) ON quote TO doorbuster_app;
