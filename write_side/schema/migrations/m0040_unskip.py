from write_side.schema.sql_migration import sql_migration

ID = "0040"
forwards = sql_migration(ID, "0040_unskip.sql")
