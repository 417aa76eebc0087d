from write_side.schema.sql_migration import sql_migration

ID = "0116"
forwards = sql_migration(ID, "0116_passes_go_along.sql")
