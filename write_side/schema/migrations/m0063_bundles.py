from write_side.schema.sql_migration import sql_migration

ID = "0063"
forwards = sql_migration(ID, "0063_bundles.sql")
