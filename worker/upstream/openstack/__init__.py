"""Load balancers of OpenStack (Octavia, API version 2)."""
