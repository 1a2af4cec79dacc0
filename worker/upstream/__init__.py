"""The clouds that load balancers are made in, behind one Protocol."""
