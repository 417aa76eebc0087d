from write_side.schema.sql_migration import sql_migration

ID = "0106"
forwards = sql_migration(ID, "0106_languages_of_readers.sql")
