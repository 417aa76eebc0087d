from write_side.schema.sql_migration import sql_migration

ID = "0005"
forwards = sql_migration(ID, "0005_orders.sql")
