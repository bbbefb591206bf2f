"""The version of ranvier, kept alone so that builds and reports read one number."""

__version__ = "0.1.0"
