"""What an ensemble says about the dynamics of its latents."""
