from write_side.schema.sql_migration import sql_migration

ID = "0108"
forwards = sql_migration(ID, "0108_missing_credit_notes.sql")
