from write_side.schema.sql_migration import sql_migration

ID = "0122"
forwards = sql_migration(ID, "0122_prices_of_lists_over.sql")
