from write_side.schema.sql_migration import sql_migration

ID = "0066"
forwards = sql_migration(ID, "0066_budgets.sql")
