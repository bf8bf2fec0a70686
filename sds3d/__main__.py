"""`python -m sds3d`."""

from sds3d.cli import main

main()
