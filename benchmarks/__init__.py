"""What the extension costs: ``.venv/bin/python -m benchmarks`` prints it."""
