"""The HTTP side: routes, one file a noun, and what stands around them."""
