from write_side.schema.sql_migration import sql_migration

ID = "0118c"
forwards = sql_migration(ID, "0118c_items_of_orders.sql")
