from write_side.schema.sql_migration import sql_migration

ID = "0009"
forwards = sql_migration(ID, "0009_waiting.sql")
