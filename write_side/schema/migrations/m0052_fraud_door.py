from write_side.schema.sql_migration import sql_migration

ID = "0052"
forwards = sql_migration(ID, "0052_fraud_door.sql")
