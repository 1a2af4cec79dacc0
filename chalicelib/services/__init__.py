"""What the system does; one public function is one transaction."""
