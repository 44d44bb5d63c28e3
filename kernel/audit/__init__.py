"""Who did what to what, why, and what it was before and after. Append-only, each entry chained to the one before it."""
