from write_side.schema.sql_migration import sql_migration

ID = "0108b"
forwards = sql_migration(ID, "0108b_credit_notes_by_rate.sql")
