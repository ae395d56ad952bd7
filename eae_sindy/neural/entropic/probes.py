"""What is measured of a chain's potential where it stands: curvature and noise."""

POWER_STEPS = 20  # of the power iteration for the stiffest direction
