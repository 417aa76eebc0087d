from write_side.schema.sql_migration import sql_migration

ID = "0030"
forwards = sql_migration(ID, "0030_accounts_of_orders.sql")
