from write_side.schema.sql_migration import sql_migration

ID = "0042"
forwards = sql_migration(ID, "0042_shipping.sql")
