"""Networks trained by Adam, without temperature."""
