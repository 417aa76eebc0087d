from write_side.schema.sql_migration import sql_migration

ID = "0037"
forwards = sql_migration(ID, "0037_returns.sql")
