"""The bell: queues, task contracts, and how a message is rung on SQS."""
