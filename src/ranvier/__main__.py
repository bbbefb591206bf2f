"""Run the commands with `python -m ranvier`."""

from ranvier.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main(prog_name="ranvier")
