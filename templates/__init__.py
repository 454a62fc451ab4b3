"""The templates of all papers; a package, so that installs carry them."""
