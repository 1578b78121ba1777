"""Attesters: evidence of the machine that this runs on, one module for each kind."""
