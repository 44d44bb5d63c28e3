"""Every night our books meet the files of the PSPs and of the bank: what agrees is settled, the rest is explained."""
