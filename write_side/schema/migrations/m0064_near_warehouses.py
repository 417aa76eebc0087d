from write_side.schema.sql_migration import sql_migration

ID = "0064"
forwards = sql_migration(ID, "0064_near_warehouses.sql")
