"""AWS: application and network load balancers (Elastic Load Balancing v2), servers (EC2)."""
