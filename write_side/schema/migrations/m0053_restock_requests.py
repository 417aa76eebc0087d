from write_side.schema.sql_migration import sql_migration

ID = "0053"
forwards = sql_migration(ID, "0053_restock_requests.sql")
