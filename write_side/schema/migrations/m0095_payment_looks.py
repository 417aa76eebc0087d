from write_side.schema.sql_migration import sql_migration

ID = "0095"
forwards = sql_migration(ID, "0095_payment_looks.sql")
