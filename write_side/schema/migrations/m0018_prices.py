from write_side.schema.sql_migration import sql_migration

ID = "0018"
forwards = sql_migration(ID, "0018_prices.sql")
