from write_side.schema.sql_migration import sql_migration

ID = "0056"
forwards = sql_migration(ID, "0056_import_run.sql")
