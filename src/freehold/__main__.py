"""`python -m freehold`."""

from freehold.cli.main import main

raise SystemExit(main())
