"""How messages leave for the users: signed webhooks, and SNS topics."""
