from write_side.schema.sql_migration import sql_migration

ID = "0092"
forwards = sql_migration(ID, "0092_import_upload.sql")
