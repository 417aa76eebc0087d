-- What each of a line would have cost of fewer, as its quote says: what an edit leaves is priced by it.
ALTER TABLE order_line ADD COLUMN dearer jsonb NOT NULL DEFAULT '[]';
