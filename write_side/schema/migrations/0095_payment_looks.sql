-- Who was given a way to pay may have paid without our hearing of it: the worker looks.

ALTER TABLE payment DROP CONSTRAINT payment_todo_check;
ALTER TABLE payment ADD CONSTRAINT payment_todo_check CHECK (todo IN ('create', 'look', 'retry', 'capture', 'void'));
