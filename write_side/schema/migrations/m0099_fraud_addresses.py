from write_side.schema.sql_migration import sql_migration

ID = "0099"
forwards = sql_migration(ID, "0099_fraud_addresses.sql")
