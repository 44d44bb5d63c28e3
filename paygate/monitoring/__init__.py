"""How the platform does, in numbers that are asked now and then, and kept: success rates, lags, what is unresolved."""
