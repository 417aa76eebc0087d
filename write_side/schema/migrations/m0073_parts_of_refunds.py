from write_side.schema.sql_migration import sql_migration

ID = "0073"
forwards = sql_migration(ID, "0073_parts_of_refunds.sql")
