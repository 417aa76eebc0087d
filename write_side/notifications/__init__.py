"""Mails: nobody asks anything of them; they react."""
