from write_side.schema.sql_migration import sql_migration

ID = "0028"
forwards = sql_migration(ID, "0028_fraud.sql")
