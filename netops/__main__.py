"""python -m netops."""

from netops.cli import main

if __name__ == "__main__":
    main()
