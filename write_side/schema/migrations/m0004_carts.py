from write_side.schema.sql_migration import sql_migration

ID = "0004"
forwards = sql_migration(ID, "0004_carts.sql")
