"""The pages of the web page; a package, so that installs carry them."""
