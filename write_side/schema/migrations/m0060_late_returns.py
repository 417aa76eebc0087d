from write_side.schema.sql_migration import sql_migration

ID = "0060"
forwards = sql_migration(ID, "0060_late_returns.sql")
