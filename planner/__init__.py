"""Plans courses of intralesional sodium thiosulphate injections, from a course file to paper."""

__version__ = "0.2.0"
