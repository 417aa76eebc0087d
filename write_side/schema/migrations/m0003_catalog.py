from write_side.schema.sql_migration import sql_migration

ID = "0003"
forwards = sql_migration(ID, "0003_catalog.sql")
