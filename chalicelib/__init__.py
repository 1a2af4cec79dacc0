"""What the HTTP side and the worker fleet share; Chalice packs this folder into the Lambda."""
