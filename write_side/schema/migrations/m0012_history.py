from write_side.schema.sql_migration import sql_migration

ID = "0012"
forwards = sql_migration(ID, "0012_history.sql")
