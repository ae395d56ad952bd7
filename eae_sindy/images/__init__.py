"""The paper's image benchmarks: images, what is measured of their codes, and what trains them."""
