-- A mail that failed while its warehouse's manager was taken away made these due again, and there is nobody to be told.
UPDATE low_stock l SET next_attempt_at = NULL FROM warehouse w WHERE w.code = l.warehouse AND w.manager_mail IS NULL;
