"""ż = Θ(z) Ξ: terms, least squares, orbits, cycles, symmetries; no networks, no ensemble."""
