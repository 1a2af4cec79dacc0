"""The fleet: Celery workers that make jobs true."""
