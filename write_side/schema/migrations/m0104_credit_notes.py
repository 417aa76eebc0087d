from write_side.schema.sql_migration import sql_migration

ID = "0104"
forwards = sql_migration(ID, "0104_credit_notes.sql")
