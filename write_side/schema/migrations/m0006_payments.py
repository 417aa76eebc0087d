from write_side.schema.sql_migration import sql_migration

ID = "0006"
forwards = sql_migration(ID, "0006_payments.sql")
