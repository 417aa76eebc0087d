from write_side.schema.sql_migration import sql_migration

ID = "0075"
forwards = sql_migration(ID, "0075_additions.sql")
