from write_side.schema.sql_migration import sql_migration

ID = "0086"
forwards = sql_migration(ID, "0086_fraud_verdicts.sql")
