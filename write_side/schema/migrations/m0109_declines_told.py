from write_side.schema.sql_migration import sql_migration

ID = "0109"
forwards = sql_migration(ID, "0109_declines_told.sql")
