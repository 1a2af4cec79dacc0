"""What the bench compares with: small programs that a user of each library would write."""
