from write_side.schema.sql_migration import sql_migration

ID = "0070"
forwards = sql_migration(ID, "0070_fallen_through.sql")
