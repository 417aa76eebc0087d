from write_side.schema.sql_migration import sql_migration

ID = "0100"
forwards = sql_migration(ID, "0100_invoice_numbers.sql")
