"""Who the merchants' payers are: name, e-mail and address, each person's under a key of that person's own."""
