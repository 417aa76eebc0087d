from write_side.schema.sql_migration import sql_migration

ID = "0080"
forwards = sql_migration(ID, "0080_freed_shipping.sql")
