from write_side.schema.sql_migration import sql_migration

ID = "0097"
forwards = sql_migration(ID, "0097_counted_as.sql")
