from write_side.schema.sql_migration import sql_migration

ID = "0094"
forwards = sql_migration(ID, "0094_product_types.sql")
