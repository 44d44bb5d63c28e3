"""The seam for the risk assessment: one call, made before anything is written or sent."""
