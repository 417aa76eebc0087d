from write_side.schema.sql_migration import sql_migration

ID = "0101"
forwards = sql_migration(ID, "0101_product_type_translations.sql")
