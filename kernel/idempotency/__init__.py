"""One key, one effect: what a merchant sends twice happens once and is answered the same."""
