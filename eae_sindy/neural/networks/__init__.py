"""Networks: initial weights and forward passes."""
