"""Who the merchants are, how they prove it, what they pay us, and the cards they keep with the PSPs."""
