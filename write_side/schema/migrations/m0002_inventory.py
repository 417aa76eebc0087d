from write_side.schema.sql_migration import sql_migration

ID = "0002"
forwards = sql_migration(ID, "0002_inventory.sql")
