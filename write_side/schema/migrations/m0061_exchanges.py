from write_side.schema.sql_migration import sql_migration

ID = "0061"
forwards = sql_migration(ID, "0061_exchanges.sql")
