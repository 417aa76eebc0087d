from write_side.schema.sql_migration import sql_migration

ID = "0097b"
forwards = sql_migration(ID, "0097b_orders_by_counted_as.sql")
