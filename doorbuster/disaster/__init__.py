"""What is done so that a lost machine loses seconds: archiving, backups, restoring, and practising all of it."""
