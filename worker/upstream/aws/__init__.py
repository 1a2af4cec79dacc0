"""Application and network load balancers of AWS (Elastic Load Balancing v2)."""
