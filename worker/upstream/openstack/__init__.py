"""OpenStack: load balancers (Octavia, API version 2), servers (Nova, API version 2.1)."""
