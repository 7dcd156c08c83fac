"""The roof: settings, addresses, Celery and WSGI. Wires the rooms together and holds no logic."""
