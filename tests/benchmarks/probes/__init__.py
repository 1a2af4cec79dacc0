"""Programs of the bench that measure their own process and print JSON."""
