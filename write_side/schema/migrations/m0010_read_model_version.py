from write_side.schema.sql_migration import sql_migration

ID = "0010"
forwards = sql_migration(ID, "0010_read_model_version.sql")
