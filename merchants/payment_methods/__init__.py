"""Cards as tokens of the PSPs: bound to a pm_… of ours, found again when a payment names it."""
