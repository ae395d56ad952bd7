"""The command line of eae-sindy; installed as the package eae_sindy_cli."""
