from write_side.schema.sql_migration import sql_migration

ID = "0025"
forwards = sql_migration(ID, "0025_stock_import.sql")
