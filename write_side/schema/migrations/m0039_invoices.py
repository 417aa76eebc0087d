from write_side.schema.sql_migration import sql_migration

ID = "0039"
forwards = sql_migration(ID, "0039_invoices.sql")
