from write_side.schema.sql_migration import sql_migration

ID = "0087"
forwards = sql_migration(ID, "0087_fraud_facts.sql")
