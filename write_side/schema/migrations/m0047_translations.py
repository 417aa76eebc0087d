from write_side.schema.sql_migration import sql_migration

ID = "0047"
forwards = sql_migration(ID, "0047_translations.sql")
