from write_side.schema.sql_migration import sql_migration

ID = "0023"
forwards = sql_migration(ID, "0023_low_stock.sql")
