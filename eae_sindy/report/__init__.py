"""Results in words, files, figures and pages."""
