from write_side.schema.sql_migration import sql_migration

ID = "0033"
forwards = sql_migration(ID, "0033_purchase_limits.sql")
