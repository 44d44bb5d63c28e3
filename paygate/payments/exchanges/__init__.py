"""What was said to PSPs about attempts, and answered: kept for a while, redacted, for staff to read."""
