from write_side.schema.sql_migration import sql_migration

ID = "0016"
forwards = sql_migration(ID, "0016_declines.sql")
