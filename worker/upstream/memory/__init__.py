"""A cloud without a cloud, for laptops and tests."""
