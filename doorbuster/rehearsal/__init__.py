"""A rehearsal of Black Friday: a crowd by a profile, a fault in its midst, a report that can be read and compared."""
