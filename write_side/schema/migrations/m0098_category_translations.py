from write_side.schema.sql_migration import sql_migration

ID = "0098"
forwards = sql_migration(ID, "0098_category_translations.sql")
