from write_side.schema.sql_migration import sql_migration

ID = "0026"
forwards = sql_migration(ID, "0026_sales.sql")
