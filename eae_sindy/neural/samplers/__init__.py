"""Samplers of exp(−U/T) over the weights of networks, behind one contract."""
