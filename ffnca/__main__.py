"""`python -m ffnca` is `ffnca`."""

from ffnca.cli import main

if __name__ == "__main__":
    main()
